// The workflows of `workflows.json` on the official JavaScript SDK: one Lambda handler per name.

import { CallbackTimeoutError, ChildContextError, withDurableExecution } from "@aws/durable-execution-sdk-js";

const ONE_SECOND = { seconds: 1 };
const NO_RETRY = { retryStrategy: () => ({ shouldRetry: false }) };

/** A step body that fails. */
async function missing() {
  throw new RangeError("no such order");
}

const handlers = {
  step: async (event, context) => context.step("greet", async () => `Hello, ${event.name}`),

  wait: async (_event, context) => {
    const before = await context.step("before", async () => "before");
    await context.wait("pause", ONE_SECOND);
    return [before, await context.step("after", async () => "after")];
  },

  callback: async (_event, context) => {
    const [answer] = await context.createCallback("approval", { timeout: { minutes: 5 } });
    return JSON.parse(await answer);
  },

  callback_refused: async (_event, context) => {
    const [answer] = await context.createCallback("approval");
    try {
      await answer;
    } catch (error) {
      return `refused: ${error.message}`;
    }
    return "not refused";
  },

  callback_late: async (_event, context) => {
    const [answer] = await context.createCallback("approval", { timeout: ONE_SECOND });
    try {
      await answer;
    } catch (error) {
      return error instanceof CallbackTimeoutError ? "timed out" : `another error: ${error}`;
    }
    return "not timed out";
  },

  wait_for_callback: async (_event, context) =>
    JSON.parse(await context.waitForCallback("shipment", async (id) => console.log("submitted", id))),

  parallel: async (_event, context) => {
    const sides = await context.parallel("sides", [
      { name: "left", func: async (branch) => branch.step("left", async () => "left") },
      {
        name: "middle",
        func: async (branch) => {
          await branch.wait("pause", ONE_SECOND);
          return branch.step("middle", async () => "middle");
        },
      },
      { name: "right", func: async (branch) => branch.step("right", async () => "right") },
    ]);
    return sides.getResults();
  },

  map: async (event, context) => {
    const square = async (itemContext, item) => itemContext.step("square", async () => item * item);
    return (await context.map("squares", event.items, square, { maxConcurrency: 2 })).getResults();
  },

  child: async (_event, context) =>
    context.runInChildContext("outer", async (outer) => {
      const first = await outer.step("first", async () => "outer");
      await outer.wait("pause", ONE_SECOND);
      const second = await outer.runInChildContext("inner", async (inner) => inner.step("second", async () => "inner"));
      return `${first}(${second})`;
    }),

  child_failing: async (_event, context) => {
    try {
      await context.runInChildContext("search", async (inner) => inner.step("find", missing, NO_RETRY));
    } catch (error) {
      return error instanceof ChildContextError ? "caught" : `another error: ${error}`;
    }
    return "not caught";
  },

  invoke: async (event, context) => ({ answer: await context.invoke("ask", event.target, event.payload) }),

  invoke_failing: async (event, context) => {
    try {
      await context.invoke("ask", event.target, event.payload);
    } catch {
      return "caught";
    }
    return "not caught";
  },

  retry: async (_event, context) =>
    context.step(
      "flaky",
      async ({ attempt }) => {
        if (attempt < 3) {
          throw new Error(`attempt ${attempt} failed`);
        }
        return `attempt ${attempt}`;
      },
      { retryStrategy: () => ({ shouldRetry: true, delay: ONE_SECOND }) },
    ),

  poll: async (_event, context) =>
    context.waitForCondition("count", async (state) => state + 1, {
      initialState: 0,
      waitStrategy: (state) => (state < 3 ? { shouldContinue: true, delay: ONE_SECOND } : { shouldContinue: false }),
    }),

  failure: async (_event, context) => context.step("find", missing, NO_RETRY),
};

/** The Lambda handler of the workflow `name`. */
export function handler(name) {
  if (!Object.hasOwn(handlers, name)) {
    throw new Error(`no workflow is called ${name}; there are ${Object.keys(handlers).join(", ")}`);
  }
  return withDurableExecution(handlers[name]);
}
