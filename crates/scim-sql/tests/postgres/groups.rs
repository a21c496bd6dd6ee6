//! Members under load (promise C1 and anchor A3): nothing that was acknowledged is lost.

use scim_core::ResourceId;

use crate::support::{Client, groups, store, users};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_hundred_adds_by_sixteen_clients_are_all_kept() {
    let client = Client::new(&store().await);
    let group = client.group("crowd", &[]).await;
    let mut people = Vec::new();
    for number in 0..400 {
        people.push(client.user(&format!("user{number}")).await);
    }
    let tasks = people.chunks(25).map(|chunk| {
        let (client, group, chunk) = (client.clone(), group.clone(), chunk.to_vec());
        tokio::spawn(async move {
            for id in &chunk {
                assert!(client.add(&group, &[id]).await.unwrap().changed);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut members = client.members(&group).await;
    members.sort();
    people.sort();
    assert_eq!(members, people);
    assert_eq!(client.version(&groups(), &group).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn adds_and_removes_of_the_same_people_end_as_the_last_of_each_said() {
    let client = Client::new(&store().await);
    let group = client.group("door", &[]).await;
    let mut people = Vec::new();
    for number in 0..16 {
        people.push(client.user(&format!("user{number}")).await);
    }
    // Each one's own client adds and removes that one again and again; what counts is that the last request of each holds.
    let tasks = people.iter().enumerate().map(|(number, id)| {
        let (client, group, id) = (client.clone(), group.clone(), id.clone());
        tokio::spawn(async move {
            for _ in 0..12 {
                assert!(client.add(&group, &[&id]).await.unwrap().changed);
                assert!(client.remove(&group, &[&id]).await.unwrap().changed);
            }
            if number % 2 == 0 {
                assert!(client.add(&group, &[&id]).await.unwrap().changed);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut members = client.members(&group).await;
    members.sort();
    let mut even: Vec<ResourceId> = people.iter().step_by(2).cloned().collect();
    even.sort();
    assert_eq!(members, even);
    assert_eq!(client.version(&groups(), &group).await, 1 + 16 * 24 + 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_member_is_added_once_whoever_says_so() {
    let client = Client::new(&store().await);
    for round in 0..20 {
        let group = client.group(&format!("round{round}"), &[]).await;
        let id = client.user(&format!("user{round}")).await;
        let tasks = (0..8).map(|_| {
            let (client, group, id) = (client.clone(), group.clone(), id.clone());
            tokio::spawn(async move { client.add(&group, &[&id]).await.unwrap().changed })
        });
        let mut changes = 0;
        for task in tasks.collect::<Vec<_>>() {
            changes += usize::from(task.await.unwrap());
        }
        assert_eq!(changes, 1);
        assert_eq!(client.members(&group).await, [id]);
        assert_eq!(client.version(&groups(), &group).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_member_dangles_where_people_are_deleted_meanwhile() {
    let client = Client::new(&store().await);
    let group = client.group("leavers", &[]).await;
    for round in 0..40 {
        let id = client.user(&format!("user{round}")).await;
        let adding = {
            let (client, group, id) = (client.clone(), group.clone(), id.clone());
            tokio::spawn(async move { client.add(&group, &[&id]).await })
        };
        let deleting = {
            let (client, id) = (client.clone(), id.clone());
            tokio::spawn(async move { client.delete(&users(), &id).await })
        };
        adding.await.unwrap().unwrap();
        deleting.await.unwrap().unwrap();
        assert_eq!(client.members(&group).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_attributes_and_members_at_once_are_all_kept() {
    let client = Client::new(&store().await);
    let group = client.group("busy", &[]).await;
    let mut people = Vec::new();
    for number in 0..80 {
        people.push(client.user(&format!("user{number}")).await);
    }
    let mut tasks = Vec::new();
    for chunk in people.chunks(10) {
        let (client, group, chunk) = (client.clone(), group.clone(), chunk.to_vec());
        tasks.push(tokio::spawn(async move {
            for id in &chunk {
                client.add(&group, &[id]).await.unwrap();
                client.rename(&group, &format!("busy {id}")).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.members(&group).await.len(), 80);
    assert_eq!(client.version(&groups(), &group).await, 161);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_groups_changed_in_both_orders_wait_for_nobody_for_ever() {
    let client = Client::new(&store().await);
    let one = client.group("one", &[]).await;
    let two = client.group("two", &[]).await;
    let tasks = (0..16).map(|number| {
        let (client, one, two) = (client.clone(), one.clone(), two.clone());
        tokio::spawn(async move {
            let id = client.user(&format!("user{number}")).await;
            for round in 0..6 {
                let (first, second) = if (number + round) % 2 == 0 {
                    (&one, &two)
                } else {
                    (&two, &one)
                };
                client.add(first, &[&id]).await.unwrap();
                client.add(second, &[&id, first]).await.unwrap();
                client.remove(first, &[&id]).await.unwrap();
                client.remove(second, &[first]).await.unwrap();
            }
            client.delete(&users(), &id).await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let left = [client.members(&one).await, client.members(&two).await].concat();
    assert!(left.iter().all(|id| *id == one || *id == two), "{left:?}");
}
