//! A TCP connection by `wasi:sockets` itself: half the size of what the standard library brings along for the same.

use std::io::{self, Read, Write};

use wasip2::{
    io::streams::{InputStream, OutputStream},
    sockets::{
        instance_network::instance_network,
        ip_name_lookup::resolve_addresses,
        network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress},
        tcp::TcpSocket,
        tcp_create_socket::create_tcp_socket,
    },
};

pub struct Socket {
    // streams are children of the socket and must go first: fields are dropped in this order
    input: InputStream,
    output: OutputStream,
    _socket: TcpSocket,
}

impl Socket {
    /// Tries the addresses of `host` in turn.
    pub fn connect(host: &str, port: u16) -> Result<Self, String> {
        let network = instance_network();
        let names = resolve_addresses(&network, host).map_err(describe)?;
        let mut last = "it has no address".to_owned();
        loop {
            match names.resolve_next_address() {
                Ok(Some(address)) => match open(address, port) {
                    Ok(socket) => return Ok(socket),
                    Err(error) => last = describe(error),
                },
                Ok(None) => return Err(last),
                Err(ErrorCode::WouldBlock) => names.subscribe().block(),
                Err(error) => return Err(describe(error)),
            }
        }
    }
}

fn open(address: IpAddress, port: u16) -> Result<Socket, ErrorCode> {
    let (family, remote) = match address {
        IpAddress::Ipv4(address) => (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })),
        IpAddress::Ipv6(address) => (
            IpAddressFamily::Ipv6,
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 }),
        ),
    };
    let socket = create_tcp_socket(family)?;
    socket.start_connect(&instance_network(), remote)?;
    loop {
        match socket.finish_connect() {
            Ok((input, output)) => return Ok(Socket { input, output, _socket: socket }),
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            Err(error) => return Err(error),
        }
    }
}

fn describe(error: ErrorCode) -> String {
    match error {
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::NameUnresolvable => "the name is unknown",
        ErrorCode::RemoteUnreachable => "the address cannot be reached",
        ErrorCode::Timeout => "it took too long",
        ErrorCode::AccessDenied => "access denied",
        other => return format!("{other:?}"),
    }
    .to_owned()
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut self.input, buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.output, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.output)
    }
}
