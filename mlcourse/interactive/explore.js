// Shows the frame that belongs to the positions of the sliders. Needs no kernel and no network
// beyond the frames themselves. May run several times on a page: each figure starts once.
for (const figure of document.querySelectorAll(".mlcourse-explore:not([data-ready])")) {
  figure.dataset.ready = "";
  const { src, alt } = JSON.parse(figure.dataset.frames);
  const img = figure.querySelector("img");
  const status = figure.querySelector("[role=status]");
  const outputs = figure.querySelectorAll("output");
  const sliders = [...figure.querySelectorAll("input")];
  const values = sliders.map((slider) => JSON.parse(slider.dataset.values));
  const loaded = [];
  let timer;

  // Frames are numbered like the digits of a number: the last slider counts fastest.
  const number = (positions) => positions.reduce((n, p, k) => n * values[k].length + p, 0);
  const positions = () => sliders.map((slider) => Number(slider.value));

  // Every frame that one step of one slider can reach is fetched ahead.
  const preload = () => {
    const here = positions();
    for (let k = 0; k < here.length; k++) {
      for (const p of [here[k] - 1, here[k] + 1]) {
        const n = number(here.map((q, j) => (j === k ? p : q)));
        if (p in values[k]) loaded[n] ??= Object.assign(new Image(), { src: src[n] });
      }
    }
  };

  const show = () => {
    const here = positions();
    const n = number(here);
    img.src = src[n];
    img.alt = alt[n];
    here.forEach((p, k) => {
      outputs[k].value = values[k][p];
      sliders[k].setAttribute("aria-valuetext", values[k][p]);
    });
    // Not at each step, or a screen reader would read a sentence over every value.
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = alt[n]), 800);
    preload();
  };

  figure.addEventListener("input", show);
  figure.addEventListener("pointerenter", preload, { once: true });
  figure.addEventListener("focusin", preload, { once: true });
}
