"""What a browser is asked about the page that it shows."""

from __future__ import annotations

# there, and still: nothing is on its way and nothing moves
SETTLED = """patience => new Promise(tell => {
  const end = performance.now() + patience;
  const why = () => {
    const heads = [...document.querySelectorAll('h1')];
    if (heads.some(each => each.dataset.before)) return 'the page before is still there';
    if (heads.length !== 1) return `${heads.length} headings of the first level`;
    const loading = document.querySelector('[role=status][aria-label=Loading]');
    // charts are drawn where somebody comes near them
    loading?.scrollIntoView({ block: 'center' });
    if (loading) return `${loading.closest('[aria-label]:not([role])')?.ariaLabel ?? 'something'} is loading`;
    if (document.getAnimations().some(each => Number.isFinite(each.effect?.getComputedTiming().endTime)))
      return 'something moves';
    return null;
  };
  let still = 0;
  const look = () => {
    const found = why();
    still = found === null ? still + 1 : 0;
    if (still > 2) tell(null);
    else if (performance.now() > end) tell(found);
    else requestAnimationFrame(look);
  };
  look();
})"""
# a chart is drawn anew a moment after its window changed
TOO_WIDE = """patience => new Promise(tell => {
  const end = performance.now() + patience;
  const look = () => {
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over <= 0) tell('');
    else if (performance.now() > end) tell(`${over} px too wide: `
      + [...document.querySelectorAll('main *')]
      .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
      .map(each => `${each.className} ${each.textContent.slice(0, 40)}`).slice(0, 6).join(' | '));
    else requestAnimationFrame(look);
  };
  look();
})"""
# whatever is to be touched on its own, and is not 44 px high; links in sentences are text
TOO_SMALL = """
() => [...document.querySelectorAll('button, a, select, summary, input:not([type=file])')]
  .filter(each => !each.closest('p, td') && !each.classList.contains('skip'))
  .filter(each => !['radio', 'checkbox'].includes(each.type))
  .map(each => [each.textContent.trim() || each.getAttribute('aria-label'), each.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && (box.height < 43.5 || box.width < 43.5))
  .map(([name, box]) => `${name} ${box.width} x ${box.height}`)
"""
