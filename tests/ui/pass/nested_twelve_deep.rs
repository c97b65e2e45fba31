//! Blocks nest 12 deep under rustc's own limits.
use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[step]
async fn reserve(item: &str) -> Result<String> {
    Ok(item.to_owned())
}

#[durable]
async fn deep(item: String, n: u32) -> Result<u32> {
    child!(async {
        Ok(parallel!(
            x = async {
                child!(async {
                    Ok(parallel!(
                        x = async {
                            child!(async {
                                Ok(parallel!(
                                    x = async {
                                        child!(async {
                                            Ok(parallel!(
                                                x = async {
                                                    child!(async {
                                                        Ok(parallel!(
                                                            x = async {
                                                                child!(async {
                                                                    Ok(parallel!(
                                                                        x = async {
                                                                            Ok(one(n).await? + item.len() as u32)
                                                                        }
                                                                    )
                                                                    .await?
                                                                    .0)
                                                                })
                                                                .await
                                                            }
                                                        )
                                                        .await?
                                                        .0)
                                                    })
                                                    .await
                                                }
                                            )
                                            .await?
                                            .0)
                                        })
                                        .await
                                    }
                                )
                                .await?
                                .0)
                            })
                            .await
                        }
                    )
                    .await?
                    .0)
                })
                .await
            }
        )
        .await?
        .0)
    })
    .await
}

#[durable]
async fn in_a_map(items: Vec<String>) -> Result<usize> {
    let done = parallel_map(&items, |item, n| deep(item.clone(), n as u32)).await?;
    Ok(done.len())
}

fn main() {
    drop(in_a_map(vec![]));
}
