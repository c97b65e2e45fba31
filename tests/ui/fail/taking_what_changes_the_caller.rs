use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

#[durable]
async fn told(mut tell: impl FnMut(u32) + Send) -> Result<()> {
    tell(one(1).await?);
    Ok(())
}

#[durable]
async fn generic<F: FnMut(u32) + Send>(mut tell: F) -> Result<()> {
    tell(one(1).await?);
    Ok(())
}

#[durable]
async fn somewhere<F>(mut tell: F) -> Result<()>
where
    F: FnMut(u32) + Send,
{
    tell(one(1).await?);
    Ok(())
}

#[durable]
async fn boxed(mut tell: Box<dyn FnMut(u32) + Send>) -> Result<()> {
    tell(one(1).await?);
    Ok(())
}

#[durable]
async fn iterated(numbers: std::slice::IterMut<'_, u32>) -> Result<()> {
    for number in numbers {
        *number = one(1).await?;
    }
    Ok(())
}

#[durable]
async fn bounded<'a, I: Iterator<Item = &'a mut u32> + Send>(numbers: I) -> Result<()> {
    for number in numbers {
        *number = one(1).await?;
    }
    Ok(())
}

fn main() {}
