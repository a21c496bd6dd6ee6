//! `events tail`: what provisioning changed, as it happens.

use std::{error::Error, pin::pin, time::Duration};

use super::open;
use crate::{
    domain::Event,
    options::{EventsCommand, HostOptions},
    server,
};

/// Time between two looks at the record.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) async fn events(options: &HostOptions, command: EventsCommand) -> Result<(), Box<dyn Error + Send + Sync>> {
    let EventsCommand::Tail { follow, lines } = command;
    let app = open(options).await?;
    let organisation = &options.organization;
    let latest = app.events.latest(organisation, lines).await?;
    let mut last = latest.first().map_or(0, |event| event.sequence);
    latest.iter().rev().for_each(print);
    if follow {
        // One for the whole time: between two of them a signal would be lost.
        let mut stop = pin!(server::stop_signal()?);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(PAUSE) => {}
            }
            for event in app.events.after(organisation, last).await? {
                last = event.sequence;
                print(&event);
            }
        }
    }
    app.close().await;
    Ok(())
}

fn print(event: &Event) {
    let Event {
        at,
        name,
        id,
        changed,
        actor,
        ..
    } = event;
    println!(
        "{}  {name:<16} {id:<8} {changed:<44} {actor}",
        at.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    );
}
