// Draws the charts of a page, and keeps for landscape.js what both use.
var lockstep = (function () {
  'use strict';
  var drawings = JSON.parse(document.getElementById('drawings').textContent);
  var palette = 10;
  var drawn = [];

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function isDark() { return window.matchMedia('(prefers-color-scheme: dark)').matches; }

  // Of the palette first, then of hues that lie as far from their neighbours as can be.
  function colorOf(index) {
    return index < palette
      ? color('--s' + index)
      : 'hsl(' + Math.round((index * 137.5) % 360) + ',55%,' + (isDark() ? 68 : 42) + '%)';
  }

  function short(value) {
    var size = Math.abs(value);
    if (value !== 0 && (size < 1e-3 || size >= 1e12)) {
      return value.toExponential(2).replace(/\.?0+e/, 'e').replace('e+', 'e').replace('-', '−');
    }
    return value.toLocaleString('en', {
      notation: size >= 1e6 ? 'compact' : 'standard',
      maximumSignificantDigits: 5
    }).replace('-', '−');
  }

  function onColorScheme(redraw) {
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  }

  // Nearer to the ink: darker on light paper, lighter on dark.
  function strong(hex) {
    var ink = color('--ink');
    return '#' + [1, 3, 5].map(function (at) {
      var mean = (2 * parseInt(hex.substr(at, 2), 16) + 3 * parseInt(ink.substr(at, 2), 16)) / 5;
      return Math.round(mean).toString(16).padStart(2, '0');
    }).join('');
  }

  function categories(series) {
    var seen = new Set();
    series.forEach(function (s) { s.points.forEach(function (p) { seen.add(p[0]); }); });
    return Array.from(seen).sort(function (a, b) { return a - b; });
  }

  function barsOf(series, index, labels) {
    return {
      label: series.name,
      style: 'BAR',
      tone: colorOf(index),
      data: labels.map(function (x) {
        var at = series.points.find(function (p) { return p[0] === x; });
        return at ? at[1] : null;
      }),
      backgroundColor: colorOf(index),
      borderWidth: 0,
      maxBarThickness: 72
    };
  }

  // Whether a curve turns so often that it would cover others.
  function isNoisy(points) {
    var turns = points.filter(function (p, i) {
      return i > 1 && (p[1] - points[i - 1][1]) * (points[i - 1][1] - points[i - 2][1]) < 0;
    });
    return points.length > 60 && turns.length > points.length / 5;
  }

  function styleOf(series, chart) {
    if (series.style !== 'AUTOMATIC') { return series.style; }
    return chart.kind === 'SCATTER' ? 'DOTS' : 'LINE';
  }

  function curveOf(series, index, chart) {
    var style = styleOf(series, chart);
    var own = colorOf(index);
    var dashes = chart.series.filter(function (s) { return s.style === 'DASHED'; }).length;
    var count = series.points.length;
    var many = count > (chart.series.length > 4 ? 12 : 60);
    var noisy = series.style === 'AUTOMATIC' && chart.series.length > 1 && isNoisy(series.points);
    var curve = {
      label: series.name,
      style: style,
      tone: own,
      data: series.points.map(function (p) { return { x: p[0], y: p[1] }; }),
      borderColor: own,
      backgroundColor: own,
      pointBackgroundColor: own,
      pointBorderWidth: 0,
      pointHitRadius: 8,
      // Sharp joins of small stairs would stick out as spikes.
      borderJoinStyle: 'round',
      tension: 0
    };
    if (style === 'DOTS') {
      curve.showLine = false;
      curve.pointRadius = count > 400 ? 2 : 3;
      curve.pointBackgroundColor = count > 400 && own[0] === '#' ? own + '99' : own;
      curve.order = 4;
    } else if (style === 'DASHED') {
      curve.borderColor = dashes > 1 && own[0] === '#' ? strong(own) : color('--ink');
      curve.tone = curve.borderColor;
      curve.pointBackgroundColor = curve.borderColor;
      curve.borderDash = [6, 5];
      curve.borderWidth = 2;
      curve.pointRadius = 0;
      curve.order = 0;
    } else if (style === 'PATH') {
      curve.borderWidth = 1.5;
      curve.pointRadius = series.points.map(function (p, i) {
        return i === count - 1 ? 6 : many ? 2 : 3;
      });
      curve.pointBorderWidth = series.points.map(function (p, i) {
        return i === count - 1 ? 2 : 0;
      });
      curve.pointBorderColor = color('--card');
      curve.order = 1;
    } else {
      // Room for the dashes of another curve that lies on this one.
      curve.borderWidth = dashes > 0 ? 4.5 : noisy ? 1.25 : isNoisy(series.points) ? 1.5 : 2;
      curve.borderColor = dashes > 0 && own[0] === '#' ? own + '90' : noisy && own[0] === '#' ? own + 'aa' : own;
      curve.pointRadius = series.style === 'AUTOMATIC' && !many && dashes === 0 ? 3 : 0;
      // A noisy curve must not hide the others: it is drawn before them, and lighter.
      curve.order = noisy ? 3 : 2;
    }
    return curve;
  }

  function axis(title, type) {
    return {
      type: type,
      title: { display: title !== '', text: title, color: color('--faint') },
      grid: { color: color('--line') },
      border: { color: color('--line') },
      ticks: { color: color('--faint'), maxTicksLimit: 8, maxRotation: 0 }
    };
  }

  // Of a logarithmic axis over many decades only whole powers of ten are named.
  function named(value, ticks) {
    var decades = Math.log10(ticks[ticks.length - 1].value / ticks[0].value);
    var power = Math.log10(value);
    return decades < 1.5 || Math.abs(power - Math.round(power)) < 1e-9;
  }

  function scales(chart, labels) {
    var logarithmic = chart.scale === 'LOGARITHMIC';
    var x = axis(chart.xLabel, labels ? 'category' : 'linear');
    var y = axis(chart.yLabel, logarithmic ? 'logarithmic' : 'linear');
    y.ticks.callback = function (value, index, ticks) {
      return !logarithmic || named(value, ticks) ? short(value) : '';
    };
    if (chart.yRange) { y.min = chart.yRange[0]; y.max = chart.yRange[1]; }
    if (labels) {
      x.grid.display = false;
      // One group alone is told by the legend.
      x.ticks.display = labels.length > 1;
      x.ticks.callback = function (value, index) { return short(labels[index]); };
    } else {
      x.ticks.callback = function (value) { return short(value); };
      var all = categories(chart.series);
      if (all.length > 1) {
        var dots = chart.series.some(function (s) { return styleOf(s, chart) === 'DOTS'; });
        var margin = dots ? (all[all.length - 1] - all[0]) * 0.03 : 0;
        x.min = all[0] - margin;
        x.max = all[all.length - 1] + margin;
        x.ticks.includeBounds = false;
      }
    }
    return { x: x, y: y };
  }

  // An SVG element, or one with children.
  function shape(name, attributes, children) {
    var element = document.createElementNS('http://www.w3.org/2000/svg', name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    (children || []).forEach(function (child) { element.append(child); });
    return element;
  }

  function symbol(style, own) {
    var line = { x1: 0, y1: 6, x2: 24, y2: 6, stroke: own, 'stroke-width': 3 };
    var dot = shape('circle', { cx: 12, cy: 6, r: 4, fill: own });
    if (style === 'DASHED') { line['stroke-dasharray'] = '6 3'; line['stroke-width'] = 2; }
    return shape('svg', { width: 24, height: 12, 'aria-hidden': 'true' },
      style === 'DOTS' ? [dot]
        : style === 'PATH' ? [shape('line', line), dot]
          : style === 'BAR' ? [shape('rect', { x: 6, y: 0, width: 12, height: 12, fill: own })]
            : [shape('line', line)]);
  }

  // Puts the names of what is drawn above its place, in place of those that stood there.
  // entries: [{name, style, color}]; toggled: called with the index of one that is clicked, or none.
  function legend(place, entries, toggled) {
    var before = place.previousElementSibling;
    if (before && before.className === 'legend') { before.remove(); }
    var list = document.createElement('div');
    list.className = 'legend';
    entries.forEach(function (entry, i) {
      var item = document.createElement(toggled ? 'button' : 'span');
      item.append(symbol(entry.style, entry.color), entry.name);
      if (toggled) {
        item.setAttribute('aria-pressed', 'true');
        item.addEventListener('click', function () {
          item.setAttribute('aria-pressed', String(toggled(i)));
        });
      }
      list.append(item);
    });
    place.before(list);
  }

  function draw(chart, index) {
    var labels = chart.kind === 'BAR' ? categories(chart.series) : undefined;
    var canvas = document.getElementById('chart-' + index);
    var curves = chart.series.map(function (s, i) {
      return labels ? barsOf(s, i, labels) : curveOf(s, i, chart);
    });
    var picture = new Chart(canvas, {
      type: labels ? 'bar' : 'line',
      data: { labels: labels ? labels.map(String) : undefined, datasets: curves },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: labels ? 'index' : 'nearest', intersect: false },
        // Marks at the edges are drawn whole, but what lies outside a given range is not.
        clip: chart.yRange ? { left: 8, right: 8, top: 0, bottom: 0 } : 8,
        scales: scales(chart, labels),
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: {
              title: function (items) {
                return labels ? items[0].label : chart.xLabel + ' ' + short(items[0].parsed.x);
              },
              label: function (item) {
                return item.dataset.label + ': ' + short(item.parsed.y);
              }
            }
          }
        }
      }
    });
    if (curves.length > 1) {
      legend(canvas.parentElement, curves.map(function (curve) {
        return {
          name: curve.label,
          style: curve.style,
          color: curve.tone
        };
      }), function (i) {
        picture.setDatasetVisibility(i, !picture.isDatasetVisible(i));
        picture.update();
        return picture.isDatasetVisible(i);
      });
    }
    return picture;
  }

  function redraw() {
    drawn.forEach(function (c) { c.destroy(); });
    drawn = drawings.charts.map(draw);
  }

  if (drawings.charts.length > 0) {
    redraw();
    onColorScheme(redraw);
  }
  return {
    landscapes: drawings.landscapes,
    color: color,
    colorOf: colorOf,
    legend: legend,
    isDark: isDark,
    onColorScheme: onColorScheme
  };
})();
