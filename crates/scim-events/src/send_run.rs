//! Sending for as long as the host runs.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use scim_store::StoreError;
use tokio::time::{MissedTickBehavior, interval};

use crate::{EndpointId, Webhooks};

/// Running; with the feature `tokio`.
impl Webhooks {
    /// Sends what is due, until it is dropped. New events of this process are looked at at once; those of others, and what
    /// is to be tried again, in each interval. `report` is told what the store failed with, for logs: sending goes on.
    ///
    /// A slow endpoint keeps no other one back: what it has under way is bounded, and the next is begun as soon as any ends.
    pub async fn run(&self, every: Duration, mut report: impl FnMut(StoreError) + Send) {
        let mut interval = interval(every.max(Duration::from_millis(1)));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way = FuturesUnordered::new();
        let mut busy: HashMap<EndpointId, usize> = HashMap::new();
        loop {
            let free = self.inner.at_once.saturating_sub(under_way.len());
            if free > 0 {
                let most = self.inner.at_once_to_endpoint;
                let (full, others): (Vec<_>, Vec<_>) = busy.iter().partition(|(_, count)| **count >= most);
                let full: Vec<EndpointId> = full.into_iter().map(|(id, _)| id.clone()).collect();
                // So many fit in wherever something is under way; where nothing is, the next round brings more.
                let room = others.iter().map(|(_, count)| most - **count).min().unwrap_or(most);
                let claims = self.claim(free, room, &full).await.unwrap_or_else(|error| {
                    report(error);
                    Vec::new()
                });
                let is_all = claims.is_empty();
                for claim in claims {
                    let id = claim.endpoint.id.clone();
                    *busy.entry(id.clone()).or_default() += 1;
                    under_way.push(async move { (id, self.send(claim).await) });
                }
                if !is_all {
                    continue;
                }
            }
            tokio::select! {
                Some((id, sent)) = under_way.next() => {
                    let left = busy.get(&id).map_or(0, |count| count.saturating_sub(1));
                    if left == 0 {
                        busy.remove(&id);
                    } else {
                        busy.insert(id, left);
                    }
                    if let Err(error) = sent {
                        report(error);
                    }
                }
                () = self.inner.news.notified() => {}
                _ = interval.tick() => {}
            }
        }
    }
}
