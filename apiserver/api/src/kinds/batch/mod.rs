//! Work that ends: `batch`.

pub(crate) mod cron_job;
pub(crate) mod job;
mod job_validate;
mod schedule;
