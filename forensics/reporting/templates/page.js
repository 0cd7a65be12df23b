const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
for (const clip of document.querySelectorAll("video")) {
  if (still) { clip.removeAttribute("autoplay"); clip.pause(); }
  clip.addEventListener("click", () => (clip.paused ? clip.play() : clip.pause()));
}
const folds = document.querySelectorAll("details");
addEventListener("beforeprint", () => folds.forEach((fold) => { fold.dataset.was = fold.open; fold.open = true; }));
addEventListener("afterprint", () => folds.forEach((fold) => { fold.open = fold.dataset.was === "true"; }));
