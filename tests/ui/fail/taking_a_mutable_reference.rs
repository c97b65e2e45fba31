use durable_runtime::prelude::*;

type Result<T, E = durable_runtime::Error> = std::result::Result<T, E>;

#[step]
async fn one(n: u32) -> Result<u32> {
    Ok(n)
}

struct Cart {
    items: Vec<u32>,
}

impl Cart {
    #[durable]
    async fn add(&mut self, n: u32) -> Result<()> {
        self.items.push(one(n).await?);
        Ok(())
    }
}

#[durable]
async fn fill(list: &mut Vec<u32>, nested: Option<&mut u32>) -> Result<()> {
    list.push(one(1).await?);
    drop(nested);
    Ok(())
}

#[step]
async fn write(buffer: &mut String) -> Result<()> {
    buffer.push('x');
    Ok(())
}

fn main() {}
