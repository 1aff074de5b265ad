//! Reading a log: from the end, from a time, following.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use bytes::Bytes;
use futures::{Stream, stream};
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    file::{self, Progress},
    line,
};

/// Bytes of one piece of the answer.
const PIECE: usize = 64 * 1024;

/// `PodLogOptions`, as far as they are the reader's.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) tail: Option<u64>,
    pub(crate) limit: Option<u64>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) timestamps: bool,
    /// `stdout` or `stderr` alone.
    pub(crate) channel: Option<&'static str>,
}

/// The log at `path`. With `follow` the stream goes on until the run has ended and all of it was read.
pub(crate) fn read(
    path: PathBuf,
    follow: Option<watch::Receiver<Progress>>,
    options: Options,
) -> impl Stream<Item = io::Result<Bytes>> {
    let reader = Reader { path, options, files: None, open: None, unfinished: Vec::new(), sent: 0 };
    stream::unfold(Some((reader, follow)), async |state| {
        let (mut reader, mut follow) = state?;
        loop {
            // seen before the read: what is written meanwhile is a change
            let ended = follow.as_mut().is_none_or(|progress| progress.borrow_and_update().ended);
            let (piece, back) = match tokio::task::spawn_blocking(move || (reader.piece(), reader)).await {
                Ok(read) => read,
                Err(error) => return Some((Err(io::Error::other(error)), None)),
            };
            reader = back;
            match piece {
                Err(error) => return Some((Err(error), None)),
                Ok(piece) if !piece.is_empty() => return Some((Ok(piece.into()), Some((reader, follow)))),
                Ok(_) if ended || reader.full() => return None,
                Ok(_) => {}
            }
            let progress = follow.as_mut()?;
            if progress.changed().await.is_err() {
                follow = None;
            }
        }
    })
}

struct Reader {
    path: PathBuf,
    options: Options,
    /// Files still to be opened; `None` before the first look.
    files: Option<VecDeque<PathBuf>>,
    open: Option<BufReader<File>>,
    /// A line whose end was not there yet.
    unfinished: Vec<u8>,
    sent: u64,
}

impl Reader {
    fn full(&self) -> bool {
        self.options.limit.is_some_and(|limit| self.sent >= limit)
    }

    /// The next bytes of the answer; empty when there is nothing now.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        if self.files.is_none() {
            self.begin()?;
        }
        while out.len() < PIECE && !self.full() {
            let Some(open) = &mut self.open else {
                if !self.next_file()? {
                    break;
                }
                continue;
            };
            open.read_until(b'\n', &mut self.unfinished)?;
            if self.unfinished.ends_with(b"\n") {
                let line = std::mem::take(&mut self.unfinished);
                self.take(&line, &mut out);
            } else if !self.next_file()? {
                break;
            }
        }
        Ok(out)
    }

    fn take(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(line) = line::parse(line) else { return };
        if self.options.channel.is_some_and(|wanted| wanted != line.channel) {
            return;
        }
        if let Some(since) = self.options.since
            && line.time.parse::<Timestamp>().is_ok_and(|time| time < since)
        {
            return;
        }
        let before = out.len();
        if self.options.timestamps {
            out.extend_from_slice(line.time.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(line.text);
        if line.whole {
            out.push(b'\n');
        }
        self.sent += (out.len() - before) as u64;
        if let Some(over) = self.options.limit.and_then(|limit| self.sent.checked_sub(limit)) {
            out.truncate(out.len() - usize::try_from(over).expect("not more than what was just added"));
            self.sent -= over;
        }
    }

    /// Opens what follows the file at hand; false if nothing does (yet).
    fn next_file(&mut self) -> io::Result<bool> {
        if let Some(next) = self.files.as_mut().and_then(VecDeque::pop_front) {
            self.open = Some(BufReader::new(File::open(next)?));
            return Ok(true);
        }
        // the file was turned over, or has come into being
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if let Some(open) = &self.open
            && open.get_ref().metadata()?.ino() == there.ino()
        {
            return Ok(false);
        }
        self.open = Some(BufReader::new(File::open(&self.path)?));
        Ok(true)
    }

    /// Finds where to begin: the beginning, or so many lines before the end.
    fn begin(&mut self) -> io::Result<()> {
        let mut files: VecDeque<PathBuf> = file::files(&self.path).into();
        let Some(mut wanted) = self.options.tail else {
            self.files = Some(files);
            return Ok(());
        };
        let mut later = VecDeque::new();
        while let Some(path) = files.pop_back() {
            let mut file = File::open(&path)?;
            let (offset, found) = tail(&mut file, wanted)?;
            wanted -= found;
            if wanted == 0 {
                file.seek(SeekFrom::Start(offset))?;
                self.open = Some(BufReader::new(file));
                break;
            }
            later.push_front(path);
        }
        self.files = Some(later);
        Ok(())
    }
}

/// The offset at which the last `wanted` lines begin, and how many there are.
fn tail(file: &mut File, wanted: u64) -> io::Result<(u64, u64)> {
    let mut end = file.seek(SeekFrom::End(0))?;
    if wanted == 0 {
        return Ok((end, 0));
    }
    // line breaks seen; that at the very end closes the last line
    let mut breaks = 0;
    let mut buffer = vec![0; PIECE];
    while end > 0 {
        let length = end.min(PIECE as u64);
        let start = end - length;
        let part = &mut buffer[..usize::try_from(length).expect("at most PIECE")];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        for (i, _) in part.iter().enumerate().rev().filter(|(_, b)| **b == b'\n') {
            if breaks == wanted {
                return Ok((start + i as u64 + 1, wanted));
            }
            breaks += 1;
        }
        end = start;
    }
    Ok((0, breaks))
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::{Channel, Log};

    fn lines(texts: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for (second, text) in texts.iter().enumerate() {
            let now = Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
            line::write(&mut out, now, Channel::Stdout, true, text.as_bytes());
        }
        out
    }

    async fn all(path: PathBuf, options: Options) -> String {
        let pieces: Vec<_> = read(path, None, options).collect().await;
        String::from_utf8(pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect()).unwrap()
    }

    #[tokio::test]
    async fn options_choose_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0.log");
        std::fs::write(dir.path().join("0.log.1"), lines(&["a", "b"])).unwrap();
        std::fs::write(&path, lines(&["c", "d", "e"])).unwrap();
        let none = Options::default();
        let since = Some(Timestamp::from_second(1).unwrap());
        for (options, expected) in [
            (none.clone(), "a\nb\nc\nd\ne\n"),
            (Options { tail: Some(2), ..none.clone() }, "d\ne\n"),
            (Options { tail: Some(4), ..none.clone() }, "b\nc\nd\ne\n"),
            (Options { tail: Some(0), ..none.clone() }, ""),
            (Options { tail: Some(9), limit: Some(5), ..none.clone() }, "a\nb\nc"),
            (Options { since, ..none.clone() }, "b\nd\ne\n"),
            (Options { tail: Some(1), timestamps: true, ..none.clone() }, "1970-01-01T00:00:02.000000000Z e\n"),
            (Options { channel: Some("stderr"), ..none }, ""),
        ] {
            assert_eq!(all(path.clone(), options.clone()).await, expected, "{options:?}");
        }
        assert_eq!(all(dir.path().join("none.log"), Options::default()).await, "");
    }

    #[tokio::test]
    async fn a_follower_reads_to_the_end_of_the_run() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path().join("0.log"));
        let mut stream = Box::pin(read(log.path().to_owned(), Some(log.progress()), Options::default()));
        log.append(&lines(&["one"])).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "one\n");
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), stream.next()).await;
        assert!(waiting.is_err());
        log.append(&lines(&["two"])).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "two\n");
        log.end();
        assert!(stream.next().await.is_none());
    }

    proptest! {
        #[test]
        fn the_tail_is_the_last_lines(texts in proptest::collection::vec("[a-z]{0,9}", 0..30), wanted in 0u64..40) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("f");
            let whole: String = texts.iter().map(|text| format!("{text}\n")).collect();
            std::fs::write(&path, &whole).unwrap();
            let (offset, found) = tail(&mut File::open(&path).unwrap(), wanted).unwrap();
            let kept = texts.len().min(usize::try_from(wanted).unwrap());
            let expected: String = texts[texts.len() - kept..].iter().map(|text| format!("{text}\n")).collect();
            prop_assert_eq!(&whole[usize::try_from(offset).unwrap()..], &expected);
            prop_assert_eq!(found, kept as u64);
        }
    }
}
