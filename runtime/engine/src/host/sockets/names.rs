//! `ip-name-lookup`: every address of a name, in the network's order.
use super::{
    NetworkHandle, View,
    address::SocketResult,
    bindings::wasi::sockets::{
        ip_name_lookup::{Host, HostResolveAddressStream},
        network::{ErrorCode, IpAddress},
    },
    pending::Pending,
};
use crate::NetError;
use std::{net::IpAddr, vec};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Lookup {
    Asking(Pending<Result<Vec<IpAddr>, NetError>>),
    Answered(vec::IntoIter<IpAddr>),
}

#[async_trait::async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        if let Lookup::Asking(pending) = self {
            pending.ready().await;
        }
    }
}

impl Host for View<'_> {
    fn resolve_addresses(&mut self, network: Resource<NetworkHandle>, name: String) -> SocketResult<Resource<Lookup>> {
        self.table.get(&network)?;
        if name.is_empty() {
            return Err(ErrorCode::InvalidArgument.into());
        }
        let lookup = match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(literal) => Lookup::Answered(vec![literal].into_iter()),
            Err(_) => {
                let network = self.sockets.network.clone();
                Lookup::Asking(Pending::start(&self.sockets.control, async move { network.resolve(&name).await }))
            }
        };
        Ok(self.table.push(lookup)?)
    }
}

impl HostResolveAddressStream for View<'_> {
    fn resolve_next_address(&mut self, lookup: Resource<Lookup>) -> SocketResult<Option<IpAddress>> {
        let lookup = self.table.get_mut(&lookup)?;
        if let Lookup::Asking(pending) = lookup {
            let answer = pending.take().ok_or(ErrorCode::WouldBlock)?;
            *lookup = Lookup::Answered(Vec::new().into_iter());
            let addresses = answer.map_err(|_| ErrorCode::TemporaryResolverFailure)??;
            *lookup = Lookup::Answered(addresses.into_iter());
        }
        match lookup {
            Lookup::Answered(addresses) => Ok(addresses.next().map(IpAddress::from)),
            Lookup::Asking(_) => Err(ErrorCode::WouldBlock.into()),
        }
    }

    fn subscribe(&mut self, lookup: Resource<Lookup>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, lookup)
    }

    fn drop(&mut self, lookup: Resource<Lookup>) -> wasmtime::Result<()> {
        self.table.delete(lookup)?;
        Ok(())
    }
}
