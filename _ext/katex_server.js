// One line of JSON in ({latex, display}), one line out ({html} or {error}); first, where KaTeX lies.
const path = require("path");
const katex = require("katex");

const answer = (object) => process.stdout.write(JSON.stringify(object) + "\n");

answer({ dist: path.dirname(require.resolve("katex")) });
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { latex, display } = JSON.parse(line);
  try {
    answer({ html: katex.renderToString(latex, { displayMode: display, strict: "error" }) });
  } catch (error) {
    answer({ error: error.message });
  }
});
