//! WASI's addresses and errors to and from Rust's.
use super::bindings::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use crate::NetError;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
};
use wasmtime::component::ResourceTableError;

/// An error the guest sees, or one that ends it.
#[derive(Debug)]
pub(super) enum SocketError {
    Code(ErrorCode),
    Trap(wasmtime::Error),
}

pub(super) type SocketResult<T> = Result<T, SocketError>;

impl From<ErrorCode> for SocketError {
    fn from(code: ErrorCode) -> Self {
        SocketError::Code(code)
    }
}

impl From<ResourceTableError> for SocketError {
    fn from(error: ResourceTableError) -> Self {
        SocketError::Trap(error.into())
    }
}

impl From<NetError> for SocketError {
    fn from(error: NetError) -> Self {
        SocketError::Code(match error {
            NetError::Refused => ErrorCode::ConnectionRefused,
            NetError::Reset => ErrorCode::ConnectionReset,
            NetError::Unreachable => ErrorCode::RemoteUnreachable,
            NetError::TimedOut => ErrorCode::Timeout,
            NetError::Denied => ErrorCode::AccessDenied,
            NetError::AddressInUse => ErrorCode::AddressInUse,
            NetError::AddressNotBindable => ErrorCode::AddressNotBindable,
            NetError::NameNotFound(_) => ErrorCode::NameUnresolvable,
            NetError::NameUnavailable(_) => ErrorCode::TemporaryResolverFailure,
            NetError::NotSupported => ErrorCode::NotSupported,
            NetError::Io(error) => io_error_code(&error),
        })
    }
}

pub(super) fn io_error_code(error: &io::Error) -> ErrorCode {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => ErrorCode::ConnectionRefused,
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::UnexpectedEof => ErrorCode::ConnectionReset,
        Kind::ConnectionAborted => ErrorCode::ConnectionAborted,
        Kind::HostUnreachable | Kind::NetworkUnreachable => ErrorCode::RemoteUnreachable,
        Kind::TimedOut => ErrorCode::Timeout,
        Kind::PermissionDenied => ErrorCode::AccessDenied,
        Kind::AddrInUse => ErrorCode::AddressInUse,
        Kind::AddrNotAvailable => ErrorCode::AddressNotBindable,
        Kind::InvalidInput => ErrorCode::InvalidArgument,
        Kind::OutOfMemory => ErrorCode::OutOfMemory,
        Kind::Unsupported => ErrorCode::NotSupported,
        _ => ErrorCode::Unknown,
    }
}

impl From<IpSocketAddress> for SocketAddr {
    fn from(address: IpSocketAddress) -> Self {
        match address {
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) }) => {
                SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)
            }
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info, address: (a, b, c, d, e, f, g, h), scope_id }) => {
                SocketAddrV6::new(Ipv6Addr::new(a, b, c, d, e, f, g, h), port, flow_info, scope_id).into()
            }
        }
    }
}

impl From<SocketAddr> for IpSocketAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                IpSocketAddress::Ipv4(Ipv4SocketAddress { port: v4.port(), address: (a, b, c, d) })
            }
            SocketAddr::V6(v6) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port: v6.port(),
                flow_info: v6.flowinfo(),
                address: v6.ip().segments().into(),
                scope_id: v6.scope_id(),
            }),
        }
    }
}

impl From<IpAddr> for IpAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                IpAddress::Ipv4((a, b, c, d))
            }
            IpAddr::V6(v6) => IpAddress::Ipv6(v6.segments().into()),
        }
    }
}

pub(super) fn is_of(family: IpAddressFamily, address: &SocketAddr) -> bool {
    match family {
        IpAddressFamily::Ipv4 => address.is_ipv4(),
        IpAddressFamily::Ipv6 => address.is_ipv6(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_survive_the_way_there_and_back(v4: [u8; 4], v6: [u16; 8], port: u16, flow: u32, scope: u32) {
            let four = SocketAddr::new(Ipv4Addr::from(v4).into(), port);
            let six = SocketAddr::from(SocketAddrV6::new(Ipv6Addr::from(v6), port, flow, scope));
            for address in [four, six] {
                prop_assert_eq!(SocketAddr::from(IpSocketAddress::from(address)), address);
            }
        }
    }
}
