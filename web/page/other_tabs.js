// Whether another tab of this browser has the page open already: two engines share one graphics card.

/** @param {() => void} onOther called once, when there is another tab */
export function watchOtherTabs(onOther) {
  // A browser without locks cannot tell, and then nothing is said.
  navigator.locks?.request('maskov-page', { ifAvailable: true }, (lock) => {
    // Held as long as this page is open.
    if (lock) return new Promise(() => {});
    onOther();
  });
}
