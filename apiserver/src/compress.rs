//! Large answers, gzipped for who can read that: as upstream at the lowest level, so that it pays on any network.

use std::{
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::{Buf, Bytes};
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY},
};
use http_body::{Body as _, Frame};

/// What is smaller is sent as it is.
const LEAST: u64 = 128 * 1024;
/// Compressed at once: a fraction of a millisecond.
const STEP: usize = 64 * 1024;

/// Whether the client reads gzip.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
    })
}

/// Compresses the answer if it is large; what has no known length is a stream, and stays one.
pub(crate) fn answer(response: Response<Body>) -> Response<Body> {
    let large = response.body().size_hint().exact().is_some_and(|length| length >= LEAST);
    if !large || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let encoder = Some(GzEncoder::new(Vec::with_capacity(STEP), Compression::fast()));
    Response::from_parts(parts, Body::new(Gzip { body, waiting: Bytes::new(), encoder }))
}

struct Gzip {
    body: Body,
    /// Read and not compressed yet.
    waiting: Bytes,
    /// None: the end was sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl http_body::Body for Gzip {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            let Some(encoder) = &mut this.encoder else { return Poll::Ready(None) };
            if this.waiting.has_remaining() {
                let step = this.waiting.split_to(this.waiting.len().min(STEP));
                encoder.write_all(&step)?;
                let ready = std::mem::take(encoder.get_mut());
                if !ready.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(ready.into()))));
                }
                continue;
            }
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => this.waiting = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(last(this.encoder.take()).transpose()),
            }
        }
    }
}

fn last(encoder: Option<GzEncoder<Vec<u8>>>) -> Result<Option<Frame<Bytes>>, axum::BoxError> {
    let rest = encoder.map(GzEncoder::finish).transpose().map_err(|error: io::Error| axum::BoxError::from(error))?;
    Ok(rest.filter(|rest| !rest.is_empty()).map(|rest| Frame::data(rest.into())))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_large_comes_back_the_same() {
        let text: Vec<u8> = (0..400_000_u32).map(|n| (n % 251) as u8).collect();
        let response = answer(Response::new(Body::from(text.clone())));
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert!(bytes.len() < text.len());
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_ref()).read_to_end(&mut back).unwrap();
        assert_eq!(back, text);
        let small = answer(Response::new(Body::from("small")));
        assert!(!small.headers().contains_key(CONTENT_ENCODING));
    }

    #[test]
    fn who_reads_gzip() {
        let wanted =
            |value: &'static str| is_wanted(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]));
        assert!(wanted("gzip") && wanted("deflate, gzip;q=0.5"));
        assert!(!wanted("identity") && !wanted("gzip;q=0") && !is_wanted(&HeaderMap::new()));
    }
}
