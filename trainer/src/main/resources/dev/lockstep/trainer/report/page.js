(function () {
  'use strict';
  var charts = JSON.parse(document.getElementById('charts').textContent);
  var drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function short(value) {
    var size = Math.abs(value);
    if (value !== 0 && (size < 1e-4 || size >= 1e7)) { return value.toExponential(2); }
    return value.toLocaleString('en', { maximumSignificantDigits: 5 });
  }

  function categories(series) {
    var seen = new Set();
    series.forEach(function (s) { s.points.forEach(function (p) { seen.add(p[0]); }); });
    return Array.from(seen).sort(function (a, b) { return a - b; });
  }

  function draw(chart, index) {
    var bars = chart.kind === 'BAR';
    var labels = bars ? categories(chart.series) : undefined;
    var datasets = chart.series.map(function (s, i) {
      var own = colour('--s' + (i % 6));
      var many = s.points.length > 60;
      return {
        label: s.name,
        data: bars
          ? labels.map(function (x) {
              var at = s.points.find(function (p) { return p[0] === x; });
              return at ? at[1] : null;
            })
          : s.points.map(function (p) { return { x: p[0], y: p[1] }; }),
        // A noisy curve must not hide the others: it is drawn first, and lighter.
        order: many ? 1 : 0,
        borderColor: many && chart.series.length > 1 ? own + '88' : own,
        backgroundColor: bars ? own : own + '33',
        borderWidth: bars ? 0 : many ? 1.25 : 2,
        pointRadius: chart.kind === 'SCATTER' ? 3 : many ? 0 : 3,
        pointHitRadius: 8,
        pointBackgroundColor: own,
        tension: 0
      };
    });
    function axis(title, scale) {
      return {
        type: scale,
        title: { display: title !== '', text: title, color: colour('--faint') },
        grid: { color: colour('--line') },
        border: { color: colour('--line') },
        ticks: { color: colour('--faint'), maxTicksLimit: 8 }
      };
    }
    var x = axis(chart.xLabel, bars ? 'category' : 'linear');
    var y = axis(chart.yLabel, chart.scale === 'LOGARITHMIC' ? 'logarithmic' : 'linear');
    y.ticks.callback = function (value) { return short(value); };
    if (!bars) { x.ticks.callback = function (value) { return short(value); }; }
    return new Chart(document.getElementById('chart-' + index), {
      type: bars ? 'bar' : chart.kind === 'SCATTER' ? 'scatter' : 'line',
      data: { labels: labels, datasets: datasets },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: bars ? 'index' : 'nearest', intersect: false },
        scales: { x: x, y: y },
        plugins: {
          legend: {
            display: chart.series.length > 1,
            position: 'top',
            align: 'end',
            labels: { color: colour('--ink'), boxWidth: 12, boxHeight: 2 }
          },
          tooltip: {
            callbacks: {
              title: function (items) {
                return bars ? items[0].label : chart.xLabel + ' ' + short(items[0].parsed.x);
              },
              label: function (item) {
                return item.dataset.label + ': ' + short(item.parsed.y);
              }
            }
          }
        }
      }
    });
  }

  function redraw() {
    drawn.forEach(function (c) { c.destroy(); });
    drawn = charts.map(draw);
  }

  redraw();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
})();
