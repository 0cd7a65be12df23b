const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
for (const clip of document.querySelectorAll("video")) {
  if (still) { clip.removeAttribute("autoplay"); clip.pause(); }
  clip.addEventListener("click", () => (clip.paused ? clip.play() : clip.pause()));
}
