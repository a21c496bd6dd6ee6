//! Writes at the same time.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use scim_core::{resource::Found, typed::User};
use scim_store::{Backends, NoGroups, Result, StoreError};

use crate::{
    common::Client,
    host::{Events, Host, client, host},
};

/// Polls the creation of one name by several clients in turn, and tells how many succeeded.
fn create_at_once(clients: &[Client]) -> usize {
    let drafts: Vec<_> = clients.iter().map(|client| client.user_draft("ann")).collect();
    let mut running: Vec<Pin<Box<dyn Future<Output = Result<Found>> + '_>>> = Vec::new();
    for (client, draft) in clients.iter().zip(&drafts) {
        running.push(Box::pin(client.store.create(&client.scope, draft)));
    }
    let mut created = 0;
    while !running.is_empty() {
        running.retain_mut(
            |future| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => true,
                Poll::Ready(Ok(_)) => {
                    created += 1;
                    false
                }
                Poll::Ready(Err(StoreError::Uniqueness { .. })) => false,
                Poll::Ready(Err(error)) => panic!("{error}"),
            },
        );
    }
    created
}

#[test]
fn a_name_is_given_once_within_a_process() {
    let client = client(Backends::new(host::<User>(Events::default()), NoGroups));
    assert_eq!(create_at_once(&vec![client; 16]), 1);
}

/// What the turns are for: without them, here between two processes, names are given twice unless the host has an index.
#[test]
fn a_name_is_given_twice_between_processes_without_an_index() {
    let users: Host<User> = host(Events::default());
    let [one, mut two] = [(); 2].map(|()| client(Backends::new(users.clone(), NoGroups)));
    two.scope = one.scope.clone();
    let clients = [one, two];
    assert_eq!(create_at_once(&clients), 2);
    let names = clients[0].find(&clients[0].users, "userName eq \"ann\"");
    assert_eq!((names.len(), Arc::strong_count(&users.table)), (2, 3));
}
