// Draws a page from the JSON that it contains. The scripts of other sections use what it returns.
var lockstep = (function () {
  'use strict';
  var page = JSON.parse(document.getElementById('page').textContent);
  var palette = 10;
  // {section, place} of each card with a drawing.
  var drawings = [];
  var charts = [];

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
    series.forEach(function (s) { s.coordinates.forEach(function (p) { seen.add(p[0]); }); });
    return Array.from(seen).sort(function (a, b) { return a - b; });
  }

  function barsOf(series, index, labels) {
    return {
      label: series.name,
      style: 'BAR',
      tone: colorOf(index),
      data: labels.map(function (x) {
        var at = series.coordinates.find(function (p) { return p[0] === x; });
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
    var count = series.coordinates.length;
    var many = count > (chart.series.length > 4 ? 12 : 60);
    var noisy = series.style === 'AUTOMATIC' && chart.series.length > 1 && isNoisy(series.coordinates);
    var curve = {
      label: series.name,
      style: style,
      tone: own,
      data: series.coordinates.map(function (p) { return { x: p[0], y: p[1] }; }),
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
      curve.pointRadius = series.coordinates.map(function (p, i) {
        return i === count - 1 ? 6 : many ? 2 : 3;
      });
      curve.pointBorderWidth = series.coordinates.map(function (p, i) {
        return i === count - 1 ? 2 : 0;
      });
      curve.pointBorderColor = color('--card');
      curve.order = 1;
    } else {
      // Room for the dashes of another curve that lies on this one.
      curve.borderWidth = dashes > 0 ? 4.5 : noisy ? 1.25 : isNoisy(series.coordinates) ? 1.5 : 2;
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
    var logarithmic = chart.yAxis.scale === 'LOGARITHMIC';
    var x = axis(chart.xLabel, labels ? 'category' : 'linear');
    var y = axis(chart.yAxis.label, logarithmic ? 'logarithmic' : 'linear');
    y.ticks.callback = function (value, index, ticks) {
      return !logarithmic || named(value, ticks) ? short(value) : '';
    };
    if (chart.yAxis.limits) { y.min = chart.yAxis.limits[0]; y.max = chart.yAxis.limits[1]; }
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

  // Children are elements or text, which cannot become markup.
  function filled(node, attributes, children) {
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    (children || []).forEach(function (child) { node.append(child); });
    return node;
  }

  function element(name, attributes, children) {
    return filled(document.createElement(name), attributes, children);
  }

  function shape(name, attributes, children) {
    return filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
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
    var list = element('div', { class: 'legend' });
    entries.forEach(function (entry, i) {
      var item = element(toggled ? 'button' : 'span', {}, [symbol(entry.style, entry.color), entry.name]);
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

  function draw(chart, canvas) {
    var labels = chart.kind === 'BAR' ? categories(chart.series) : undefined;
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
        clip: chart.yAxis.limits ? { left: 8, right: 8, top: 0, bottom: 0 } : 8,
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

  function row(cells, name) {
    return element('tr', {}, cells.map(function (cell) { return element(name, {}, [cell]); }));
  }

  // What each type of section has below its title.
  var contents = {
    Figures: function (section) {
      return section.figures.map(function (figure) {
        return element('div', { class: 'card' }, [
          element('div', { class: 'figure-label' }, [figure.label]),
          element('div', { class: 'figure-value' }, [figure.value])
        ]);
      });
    },
    Table: function (section) {
      var pairs = section.header.length === 0;
      var rows = section.rows.map(function (cells) { return row(cells, 'td'); });
      return [element('div', { class: 'scroll' }, [
        element('table', pairs ? { class: 'pairs' } : {},
          pairs ? rows : [row(section.header, 'th')].concat(rows))
      ])];
    },
    Text: function (section) { return [element('p', {}, [section.body])]; },
    Picture: function (section) {
      return [element('img', {
        class: 'picture',
        alt: section.description,
        src: 'data:image/png;base64,' + section.png
      })];
    },
    Chart: function (section) {
      var canvas = element('canvas', { role: 'img', 'aria-label': section.title });
      drawings.push({ section: section, place: canvas });
      return [element('div', { class: 'chart' }, [canvas])];
    }
  };

  // A section of another type has a place that its own script draws on.
  function place(section) {
    var own = element('div', { class: 'drawing', role: 'img', 'aria-label': section.title });
    drawings.push({ section: section, place: own });
    return [own];
  }

  function card(section) {
    var children = (contents[section.type] || place)(section);
    if (section.type === 'Figures') { return element('div', { class: 'figures wide' }, children); }
    var title = section.title ? [element('h2', {}, [section.title])] : [];
    return element('section', { class: section.wide ? 'card wide' : 'card' }, title.concat(children));
  }

  // The drawings of a type, as {section, place}.
  function cards(type) {
    return drawings.filter(function (drawing) { return drawing.section.type === type; });
  }

  function redraw() {
    charts.forEach(function (chart) { chart.destroy(); });
    charts = cards('Chart').map(function (drawing) { return draw(drawing.section, drawing.place); });
  }

  document.title = page.title;
  document.querySelector('main').replaceChildren(
    element('h1', {}, [page.title]),
    element('p', { class: 'lead' }, [page.lead]),
    element('div', { class: 'sections' }, page.sections.map(card)),
    element('footer', {}, ['Written by Lockstep. This file needs no network.'])
  );
  redraw();
  onColorScheme(redraw);
  return {
    cards: cards,
    color: color,
    colorOf: colorOf,
    element: element,
    legend: legend,
    isDark: isDark,
    onColorScheme: onColorScheme
  };
})();
