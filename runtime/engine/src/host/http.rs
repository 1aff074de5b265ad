//! Outgoing requests of `wasi:http`, over the workload's network: names and Services apply to them as to sockets.
use crate::{NetError, Network, Stream};
use http::{Request, Response, Uri, header, uri::Scheme};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{runtime::Handle, time::timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// As most HTTP clients; a guest's own options come first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(600);

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Io), Error>;

pub(super) struct Outgoing {
    network: Arc<dyn Network>,
    control: Handle,
}

impl Outgoing {
    pub(super) fn new(network: Arc<dyn Network>, control: Handle) -> Outgoing {
        Outgoing { network, control }
    }
}

impl WasiHttpHooks for Outgoing {
    fn default_scheme(&mut self) -> Option<Scheme> {
        Some(Scheme::HTTP)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (network, control) = (self.network.clone(), self.control.clone());
        Box::new(async move {
            let sent = control.spawn(send(network, request, options.unwrap_or_default()));
            // abandoned by the guest: the future is dropped, and the connection with it
            wasmtime_wasi::runtime::AbortOnDropJoinHandle::from(sent).await
        })
    }
}

async fn send(network: Arc<dyn Network>, mut request: Request<WasiBody>, options: RequestOptions) -> Sent {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        let hint = "https is not available to guests; hint: use http, or TLS within the guest over wasi:sockets";
        return Err(Error::InternalError(Some(hint.to_owned())));
    }
    let connect = connect(&*network, request.uri());
    let stream = timeout(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT), connect)
        .await
        .map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = wasmtime_wasi::runtime::spawn(connection);
    to_origin_form(&mut request)?;
    let response = timeout(options.first_byte_timeout.unwrap_or(FIRST_BYTE_TIMEOUT), sender.send_request(request))
        .await
        .map_err(|_| Error::ConnectionReadTimeout)??;
    let io = async move { connection.await.map_err(Error::from) };
    Ok((response.map(|body| body.map_err(Error::from).boxed_unsync()), Box::new(io)))
}

/// The first of the name's addresses that answers.
async fn connect(network: &dyn Network, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
    let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
    let port = uri.port_u16().unwrap_or(80);
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let addresses = match literal {
        Ok(address) => vec![address],
        Err(_) => network.resolve(host).await.map_err(refusal)?,
    };
    let mut last = Error::DestinationNotFound;
    for address in addresses {
        match network.connect(SocketAddr::new(address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = refusal(error),
        }
    }
    Err(last)
}

/// A server, unlike a proxy, wants the path alone and the authority in `host`.
fn to_origin_form(request: &mut Request<WasiBody>) -> Result<(), Error> {
    if !request.headers().contains_key(header::HOST)
        && let Some(authority) = request.uri().authority()
    {
        let host = authority.as_str().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(())
}

fn refusal(error: NetError) -> Error {
    match error {
        NetError::Refused => Error::ConnectionRefused,
        NetError::Reset => Error::ConnectionTerminated,
        NetError::Unreachable => Error::DestinationIpUnroutable,
        NetError::TimedOut => Error::ConnectionTimeout,
        NetError::Denied => Error::DestinationIpProhibited,
        NetError::NameNotFound(_) => Error::DnsError { rcode: Some("NXDOMAIN".to_owned()), info_code: None },
        NetError::NameUnavailable(_) => Error::DnsError { rcode: Some("SERVFAIL".to_owned()), info_code: None },
        NetError::AddressInUse | NetError::AddressNotBindable | NetError::NotSupported => Error::DestinationUnavailable,
        NetError::Io(error) => Error::Connect(error),
    }
}
