//! How often a tenant may ask: a token bucket for each, in this process.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use scim_core::TenantId;
use scim_store::RateLimit;

/// Buckets beyond which those that are full again are forgotten.
const KEPT: usize = 4096;

const SECOND: i64 = 1_000_000_000;

/// The buckets of all tenants. Each is one number: when it will be full again, in nanoseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    full: RwLock<HashMap<TenantId, AtomicI64>>,
}

impl Limiter {
    /// Takes one request out of the bucket of a tenant.
    ///
    /// # Errors
    ///
    /// After how many seconds there will be one, from 1, where there is none now.
    pub(crate) fn take(&self, tenant: &TenantId, limit: RateLimit, now: DateTime<Utc>) -> Result<(), u32> {
        let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX / 2);
        let interval = i64::from(limit.seconds()).saturating_mul(SECOND) / i64::from(limit.requests());
        let depth = interval.saturating_mul(i64::from(limit.burst()));
        let charge = |full: &AtomicI64| {
            let mut wait = 0;
            let _ = full.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full| {
                // Beyond the depth only where the clock went back, or the limit is another one.
                let full = full.clamp(now, now.saturating_add(depth));
                let charged = full.saturating_add(interval);
                wait = charged.saturating_sub(now).saturating_sub(depth);
                Some(if wait <= 0 { charged } else { full })
            });
            if wait <= 0 { Ok(()) } else { Err(seconds(wait)) }
        };
        if let Some(full) = self.full.read().unwrap_or_else(PoisonError::into_inner).get(tenant) {
            return charge(full);
        }
        let mut all = self.full.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.retain(|_, full| *full.get_mut() > now);
        }
        charge(all.entry(tenant.clone()).or_default())
    }
}

fn seconds(nanoseconds: i64) -> u32 {
    let whole = nanoseconds.saturating_add(SECOND - 1) / SECOND;
    u32::try_from(whole).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_767_225_600_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_burst_then_the_steady_rate() {
        let (limiter, tenant) = (Limiter::default(), TenantId::new("a"));
        let limit = RateLimit::per_second(2).with_burst(3);
        let take = |milliseconds| limiter.take(&tenant, limit, at(milliseconds));
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!((take(0), take(499)), (Err(1), Err(1)));
        assert_eq!((take(500), take(500)), (Ok(()), Err(1)));
        // Silence fills it up to the burst and no further.
        assert_eq!([take(60_000), take(60_000), take(60_000)], [Ok(()); 3]);
        assert_eq!(take(60_000), Err(1));
        assert_eq!(limiter.take(&TenantId::new("b"), limit, at(60_000)), Ok(()));
    }

    #[test]
    fn the_wait_is_the_time_until_there_is_one() {
        let (limiter, tenant) = (Limiter::default(), TenantId::new("a"));
        let limit = RateLimit::per_minute(2).with_burst(1);
        let take = |milliseconds| limiter.take(&tenant, limit, at(milliseconds));
        assert_eq!((take(0), take(1), take(29_500)), (Ok(()), Err(30), Err(1)));
        assert_eq!(take(30_000), Ok(()));
    }

    #[test]
    fn neither_a_clock_that_goes_back_nor_another_limit_shuts_anybody_out() {
        let (limiter, tenant) = (Limiter::default(), TenantId::new("a"));
        let slow = RateLimit::new(1, 3600);
        assert_eq!(limiter.take(&tenant, slow, at(7_200_000)), Ok(()));
        assert_eq!(limiter.take(&tenant, slow, at(0)), Err(3600));
        let quick = RateLimit::per_second(1);
        assert_eq!(limiter.take(&tenant, quick, at(0)), Err(1));
        assert_eq!(limiter.take(&tenant, quick, at(1000)), Ok(()));
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let limiter = Limiter::default();
        for number in 0..KEPT + 10 {
            let tenant = TenantId::new(number.to_string());
            let time = i64::try_from(number).unwrap() * 2000;
            assert_eq!(limiter.take(&tenant, RateLimit::per_second(1), at(time)), Ok(()));
        }
        assert!(limiter.full.read().unwrap().len() <= KEPT);
    }
}
