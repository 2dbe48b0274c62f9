// Listening to figures, also to those that are added or drawn again later.

/** Have `handlers` called for events of the plots that `plots()` returns; returns what ends that. */
function attend(plots, handlers) {
  const listening = new Set();
  function listen() {
    for (const plot of plots()) {
      if (listening.has(plot) || !plot.on) continue;
      listening.add(plot);
      for (const [event, handler] of Object.entries(handlers)) plot.on(event, handler);
    }
  }
  listen();
  const timer = setInterval(listen, 300);
  return () => {
    clearInterval(timer);
    for (const plot of listening)
      for (const [event, handler] of Object.entries(handlers)) plot.removeListener?.(event, handler);
  };
}
