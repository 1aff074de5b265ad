//! The single writer: decides what waits, commits it in one transaction, shows it, answers.

use std::{sync::Arc, time::Duration};

use api::Object;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Shared,
    batch::{Batch, Ground, Write},
    compact::Compactor,
    lock::DirLock,
    memory::{Change, ResourceId},
    sql::Database,
};

/// Most writes of one transaction.
pub(crate) const BATCH: usize = 512;
/// Writes that may wait; whoever comes then waits to be let in.
pub(crate) const QUEUE: usize = 2 * BATCH;

pub(crate) type Answer = Result<Arc<Object>, Error>;

/// A write that waits for its answer.
pub(crate) struct Request {
    pub(crate) resource: ResourceId,
    pub(crate) write: Write,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Owns the disk. Decisions are made on memory alone, between two transactions: so what is in flight is only ever the
/// batch being decided, and what comes while it commits is the next batch.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) database: Database,
    pub(crate) compactor: Compactor,
    /// A batch whose commit failed and of which nobody could find out whether it is on disk.
    pub(crate) doubt: Option<Batch>,
    /// As long as this lives, nobody else writes here.
    pub(crate) lock: DirLock,
}

impl Writer {
    /// Until `closing`, and then until all that waits is answered.
    pub(crate) async fn run(mut self, closing: CancellationToken) -> Result<(), Error> {
        let mut waiting = Vec::with_capacity(BATCH);
        loop {
            let wake = self.compactor.wake().max(std::time::Instant::now() + Duration::from_millis(1));
            tokio::select! {
                biased;
                () = closing.cancelled(), if !self.requests.is_closed() => self.requests.close(),
                received = self.requests.recv_many(&mut waiting, BATCH) => {
                    if received == 0 {
                        break;
                    }
                    self.gather(&mut waiting).await;
                    self.serve(&mut waiting).await;
                }
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            self.compactor.step(&self.shared, &mut self.database).await;
        }
        let closed = self.database.close().await.map_err(Error::disk("close the database"));
        drop(self.lock);
        self.shared.ended.cancel();
        closed
    }

    /// Lets those write along who were woken by the last batch's answers and have not come to their next write yet:
    /// otherwise batches of one and of all others take turns.
    async fn gather(&mut self, waiting: &mut Vec<Request>) {
        loop {
            let before = waiting.len();
            tokio::task::yield_now().await;
            while waiting.len() < BATCH
                && let Ok(request) = self.requests.try_recv()
            {
                waiting.push(request);
            }
            if waiting.len() == before || waiting.len() == BATCH {
                return;
            }
        }
    }

    /// One transaction for all that waits.
    async fn serve(&mut self, waiting: &mut Vec<Request>) {
        if let Err(error) = self.settle_doubt().await {
            waiting.drain(..).for_each(|request| reply(request.answer, Err(error.clone())));
            return;
        }
        let (batch, answers) = self.decide(waiting);
        if batch.changes.is_empty() {
            answers.into_iter().for_each(|(to, answer)| reply(to, answer));
            return;
        }
        match self.commit(batch).await {
            Ok(changes) => {
                self.shared.publish(&changes);
                answers.into_iter().for_each(|(to, answer)| reply(to, answer));
            }
            // refusals too: they may rest on writes of this batch that did not happen
            Err(error) => answers.into_iter().for_each(|(to, _)| reply(to, Err(error.clone()))),
        }
    }

    fn decide(&self, waiting: &mut Vec<Request>) -> (Batch, Vec<(oneshot::Sender<Answer>, Answer)>) {
        let catalog = self.shared.catalog();
        let memory = self.shared.memory.read();
        let mut claims = self.shared.claims.lock();
        let mut ground = Ground { catalog: &catalog, memory: &memory, claims: &mut claims };
        let mut batch = Batch::new(memory.revision);
        let stage = |Request { resource, write, answer }| (answer, batch.stage(&mut ground, resource, write));
        let answers = waiting.drain(..).map(stage).collect();
        (batch, answers)
    }

    /// Afterwards the batch is on disk, and the claims are as disk has them.
    async fn commit(&mut self, batch: Batch) -> Result<Vec<Change>, Error> {
        let Err(error) = self.database.commit(&self.shared.catalog(), &batch).await else {
            self.shared.claims.lock().committed();
            return Ok(batch.changes);
        };
        tracing::error!(%error, writes = batch.changes.len(), "a transaction failed");
        // a commit can fail after its last byte was written: only the file knows
        match self.database.revision().await {
            Ok(on_disk) if on_disk >= batch.revision() => {
                self.shared.claims.lock().committed();
                return Ok(batch.changes);
            }
            Ok(_) => self.shared.claims.lock().rolled_back(),
            Err(_) => self.doubt = Some(batch),
        }
        Err(Error::disk("write to the database")(error))
    }

    /// Finds out what became of a batch in doubt. Until then nothing can be decided.
    async fn settle_doubt(&mut self) -> Result<(), Error> {
        let Some(batch) = self.doubt.take() else { return Ok(()) };
        match self.database.revision().await {
            Ok(on_disk) if on_disk >= batch.revision() => {
                self.shared.claims.lock().committed();
                self.shared.publish(&batch.changes);
            }
            Ok(_) => self.shared.claims.lock().rolled_back(),
            Err(error) => {
                self.doubt = Some(batch);
                return Err(Error::disk("read the database after a failure")(error));
            }
        }
        Ok(())
    }
}

fn reply(to: oneshot::Sender<Answer>, answer: Answer) {
    if to.send(answer).is_err() {
        tracing::trace!("whoever asked for a write did not wait for its answer");
    }
}
