// node onnx-runtime.cjs NODE_MODULES CASES: runs each model of CASES, a JSON file
// of {name, file, dims, input, logits}, in ONNX Runtime. Prints the largest
// difference of each, relative to the largest logit where that is over 1, and
// fails if one is over 1e-5.
const [modules, cases] = process.argv.slice(2);
const ort = require(require("path").resolve(modules, "onnxruntime-node"));
const fs = require("fs");

async function difference(c) {
  const session = await ort.InferenceSession.create(c.file);
  const input = new ort.Tensor("float32", Float32Array.from(c.input), c.dims);
  const results = await session.run({ [session.inputNames[0]]: input });
  const got = results[session.outputNames[0]].data;
  if (got.length !== c.logits.length) return Infinity;
  const scale = c.logits.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  return c.logits.reduce((m, v, i) => Math.max(m, Math.abs(v - got[i]) / scale), 0);
}

async function main() {
  let worst = 0;
  for (const c of JSON.parse(fs.readFileSync(cases, "utf8"))) {
    const d = await difference(c);
    console.log(`${d <= 1e-5 ? "ok  " : "FAIL"} ${d.toExponential(1)}  ${c.name}`);
    worst = d <= worst ? worst : d;
  }
  if (!(worst <= 1e-5)) process.exit(1);
}

main();
