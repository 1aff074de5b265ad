//! What a guest uses: CPU time per poll, memory per growth, and the limit on memory.
use crate::{Usage, quota::Quota};
use parking_lot::RwLock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use wasmtime::ResourceLimiter;

/// Bytes a table element takes.
const TABLE_ELEMENT: usize = 8;

/// Shared by all instances of a guest: limits are a container's, not an instance's.
pub(crate) struct Meter {
    cpu_nanos: AtomicU64,
    memory: AtomicU64,
    /// `u64::MAX`: none.
    limit: AtomicU64,
    quota: RwLock<Option<Quota>>,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter::new(None, None)
    }
}

impl Meter {
    /// `limit` in bytes, `quota` in thousandths of a CPU.
    pub(crate) fn new(limit: Option<u64>, quota: Option<u64>) -> Meter {
        Meter {
            cpu_nanos: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            limit: AtomicU64::new(limit.unwrap_or(u64::MAX)),
            quota: RwLock::new(quota.map(Quota::new)),
        }
    }

    /// Other limits from now on; what is held already is not taken away.
    pub(crate) fn set_limits(&self, limit: Option<u64>, quota: Option<u64>) {
        self.limit.store(limit.unwrap_or(u64::MAX), Ordering::Relaxed);
        *self.quota.write() = quota.map(Quota::new);
    }

    /// When the guest may run on; `None`: now.
    pub(crate) fn throttled(&self) -> Option<Instant> {
        self.quota.read().as_ref().and_then(|quota| quota.throttled(Instant::now()))
    }

    pub(crate) fn charge(&self, ran: Duration) {
        if let Some(quota) = &*self.quota.read() {
            quota.charge(ran, Instant::now());
        }
        self.cpu_nanos.fetch_add(u64::try_from(ran.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { cpu_nanos: self.cpu_nanos.load(Ordering::Relaxed), memory_bytes: self.memory.load(Ordering::Relaxed) }
    }

    /// Whether an instance of that size would still fit.
    pub(crate) fn fits(&self, bytes: u64) -> bool {
        self.memory.load(Ordering::Relaxed).saturating_add(bytes) <= self.limit.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> Result<(), OutOfMemory> {
        let limit = self.limit.load(Ordering::Relaxed);
        let within = |held: u64| held.checked_add(bytes).filter(|total| *total <= limit);
        match self.memory.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within) {
            Ok(_) => Ok(()),
            Err(held) => Err(OutOfMemory { limit, wanted: held.saturating_add(bytes) }),
        }
    }

    fn give_back(&self, bytes: u64) {
        self.memory.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("out of memory: wanted {wanted} bytes, the limit is {limit}")]
pub(crate) struct OutOfMemory {
    limit: u64,
    wanted: u64,
}

/// One store's part of the meter; gives back what it holds when the store goes.
pub(crate) struct Share {
    meter: Arc<Meter>,
    held: u64,
    last: u64,
}

impl Share {
    pub(crate) fn new(meter: Arc<Meter>) -> Share {
        Share { meter, held: 0, last: 0 }
    }

    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>, unit: usize) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false); // the guest's own limit: it may handle that
        }
        self.last = (desired.saturating_sub(current).saturating_mul(unit)) as u64;
        self.meter.take(self.last)?;
        self.held += self.last;
        Ok(true)
    }

    fn undo(&mut self) {
        self.meter.give_back(self.last);
        self.held -= self.last;
        self.last = 0;
    }
}

impl ResourceLimiter for Share {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, 1)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(current, desired, maximum, TABLE_ELEMENT)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo();
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.meter.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_together_stay_within_the_limit_and_give_everything_back(
            limit in 0u64..1000, growths in proptest::collection::vec((0usize..3, 0usize..400, any::<bool>()), 0..40)
        ) {
            let meter = Arc::new(Meter::new(Some(limit), None));
            let mut shares: Vec<Share> = (0..3).map(|_| Share::new(meter.clone())).collect();
            let mut model = 0u64;
            for (who, bytes, fails) in growths {
                let fits = model + bytes as u64 <= limit;
                prop_assert_eq!(meter.fits(bytes as u64), fits);
                prop_assert_eq!(shares[who].memory_growing(0, bytes, None).is_ok(), fits);
                match fits {
                    true if fails => shares[who].memory_grow_failed(wasmtime::format_err!("no pages")).unwrap(),
                    true => model += bytes as u64,
                    false => {}
                }
                prop_assert_eq!(meter.usage().memory_bytes, model);
            }
            drop(shares);
            prop_assert_eq!(meter.usage().memory_bytes, 0);
        }
    }

    #[test]
    fn beyond_its_own_maximum_growth_only_fails() {
        let mut share = Share::new(Arc::new(Meter::new(Some(10), None)));
        assert!(!share.memory_growing(0, 100, Some(50)).unwrap());
        let refused = share.memory_growing(0, 100, Some(200)).unwrap_err();
        assert_eq!(refused.to_string(), "out of memory: wanted 100 bytes, the limit is 10");
    }
}
