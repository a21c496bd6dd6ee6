//! What holds for every host, over sockets. Each host's tests include these files with a `PROGRAM` of their own.

mod exchanges;
mod hostile;
mod loads;
mod process;
mod support;
