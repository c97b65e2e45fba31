// A custom runtime in as few lines as it takes: `next`, the handler, `response` or `error`, and again. AWS's own
// (`aws-lambda-ric`) compiles a C++ client with CMake and autotools, which is more than these tests want of a machine.
//
// Usage: node bootstrap.mjs WORKFLOW

import http from "node:http";

import { handler as workflow } from "./workflows.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** One request to the Runtime API; `next` is a long poll, so there is no timeout. */
function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { agent, host, port, method, path: `/2018-06-01/runtime/${path}`, headers },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** What a handler is told about its invocation. */
function lambdaContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function errorBody(error) {
  return JSON.stringify({
    errorType: error?.name ?? "Error",
    errorMessage: error?.message ?? String(error),
    stackTrace: (error?.stack ?? "").split("\n").slice(1),
  });
}

const handler = workflow(process.argv[2]);
for (;;) {
  const { headers, body } = await call("GET", "invocation/next");
  const context = lambdaContext(headers);
  const answer = `invocation/${context.awsRequestId}`;
  try {
    const result = await handler(JSON.parse(body), context);
    await call("POST", `${answer}/response`, JSON.stringify(result), { "content-type": "application/json" });
  } catch (error) {
    await call("POST", `${answer}/error`, errorBody(error), { "content-type": "application/json" });
  }
}
