//! A deployed program against AWS Lambda as it is played on loopback: the Runtime API that invokes it, and the service
//! that it sends checkpoints to by way of the AWS SDK. The program is a process of its own.

mod conformance;
mod divergence;
mod faults;
mod invocations;
mod played;
mod service;
mod starting;
