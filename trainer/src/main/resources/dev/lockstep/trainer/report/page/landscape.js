// Draws the landscapes of a page with Plotly, which the page carries compressed.
(function () {
  'use strict';
  var color = lockstep.color;

  function cards() {
    return lockstep.landscapes.map(function (l, i) {
      return document.getElementById('landscape-' + i);
    });
  }

  function say(card, sentence) {
    var note = document.createElement('p');
    note.className = 'note';
    note.textContent = sentence;
    card.before(note);
  }

  function canShowSpace() {
    try {
      var canvas = document.createElement('canvas');
      return !!(canvas.getContext('webgl2') || canvas.getContext('webgl'));
    } catch (e) {
      return false;
    }
  }

  function between(range, share) { return range[0] + (range[1] - range[0]) * share; }

  function spaced(range, count) {
    return Array.from({ length: count }, function (_, i) { return between(range, i / (count - 1)); });
  }

  function heights(landscape) {
    return landscape.heights.flat().filter(function (z) { return z !== null; });
  }

  // Some round heights, none so low that its name would stand on that of another axis.
  function levels(landscape) {
    var all = heights(landscape);
    var low = Math.min.apply(null, all);
    var high = Math.max.apply(null, all);
    var wanted = (high - low) / 4 || 1;
    var power = Math.pow(10, Math.floor(Math.log10(wanted)));
    var step = [1, 2, 5, 10].find(function (n) { return n * power >= wanted * 0.9; }) * power;
    var first = Math.ceil((low + step * 0.35) / step);
    return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, function (_, i) {
      return Number(((first + i) * step).toPrecision(12));
    });
  }

  // From the page's own colors: the lowest place is the strongest.
  function scaleOfColors() {
    return lockstep.isDark()
      ? [[0, '#9ab6ff'], [0.25, '#5f84e8'], [0.6, '#34509c'], [1, '#232f52']]
      : [[0, '#1b3fa8'], [0.25, '#5b86ee'], [0.6, '#a9c1f8'], [1, '#e6edfd']];
  }

  function pathColor(index) { return lockstep.colorOf(index + 1); }

  function coordinates(path, axis) { return path.points.map(function (p) { return p[axis]; }); }

  function hasMarks(path) { return path.style !== 'LINE' && path.style !== 'DASHED'; }

  function modeOf(path) {
    return !hasMarks(path) ? 'lines' : path.style === 'DOTS' ? 'markers' : 'lines+markers';
  }

  function lastLarger(path, small, large) {
    return path.points.map(function (p, i) {
      return i === path.points.length - 1 && path.style !== 'DOTS' ? large : small;
    });
  }

  function surface(landscape) {
    var all = heights(landscape);
    var low = Math.min.apply(null, all);
    var high = Math.max.apply(null, all);
    // A path that lay in the surface would be drawn in shreds.
    var lift = (high - low) * 0.018;
    function lifted(places) {
      return {
        x: places.map(function (p) { return p[0]; }),
        y: places.map(function (p) { return p[1]; }),
        z: places.map(function (p) { return p[2] === null ? null : p[2] + lift; })
      };
    }
    var traces = [{
      type: 'surface',
      x: spaced(landscape.xRange, landscape.heights[0].length),
      y: spaced(landscape.yRange, landscape.heights.length),
      z: landscape.heights,
      colorscale: scaleOfColors(),
      showscale: false,
      lighting: { ambient: 0.85, diffuse: 0.35, specular: 0.05, roughness: 0.9 },
      contours: {
        z: {
          show: true,
          start: low,
          end: high,
          size: (high - low) / 12 || 1,
          color: lockstep.isDark() ? '#0e1320' : '#ffffff',
          width: 1
        }
      },
      hovertemplate: '%{x:.3~g}, %{y:.3~g}: %{z:.4~g}<extra></extra>'
    }];
    landscape.paths.forEach(function (path, i) {
      var own = pathColor(i);
      if (path.style !== 'DOTS') {
        traces.push(Object.assign(lifted(path.track), {
          type: 'scatter3d',
          mode: 'lines',
          line: { color: own, width: 6, dash: path.style === 'DASHED' ? 'dash' : 'solid' },
          hoverinfo: 'skip'
        }));
      }
      if (hasMarks(path)) {
        traces.push(Object.assign(lifted(path.points), {
          type: 'scatter3d',
          name: path.name,
          mode: 'markers',
          marker: { color: own, size: lastLarger(path, 3, 8), line: { width: 0 } }
        }));
      }
    });
    return traces;
  }

  function contours(landscape) {
    var traces = [{
      type: 'contour',
      x: spaced(landscape.xRange, landscape.heights[0].length),
      y: spaced(landscape.yRange, landscape.heights.length),
      z: landscape.heights,
      colorscale: scaleOfColors(),
      showscale: false,
      ncontours: 24,
      contours: {
        coloring: 'lines',
        showlabels: true,
        labelfont: { size: 10, color: color('--faint') }
      },
      line: { width: 1.25, smoothing: 1 },
      hovertemplate: '%{x:.3~g}, %{y:.3~g}: %{z:.4~g}<extra></extra>'
    }];
    landscape.paths.forEach(function (path, i) {
      traces.push({
        type: 'scatter',
        name: path.name,
        mode: modeOf(path),
        x: coordinates(path, 0),
        y: coordinates(path, 1),
        line: { color: pathColor(i), width: 2, dash: path.style === 'DASHED' ? 'dash' : 'solid' },
        marker: {
          color: pathColor(i),
          opacity: 1,
          size: lastLarger(path, 6, 12),
          line: { width: 1, color: color('--card') }
        }
      });
    });
    return traces;
  }

  function axis(title, range) {
    return {
      title: { text: title, font: { color: color('--faint'), size: 12 }, standoff: 8 },
      range: range,
      color: color('--faint'),
      gridcolor: color('--line'),
      linecolor: color('--line'),
      zeroline: false,
      tickfont: { size: 11 },
      nticks: 8
    };
  }

  // From above the side that lies opposite to where the first path begins: paths descend towards
  // the viewer, on the inside of valleys.
  function camera(landscape) {
    var start = landscape.paths.length > 0 && landscape.paths[0].points[0];
    function side(at, range, otherwise) {
      if (!start) { return otherwise; }
      return Math.sign(between(range, 0.5) - start[at]) || otherwise;
    }
    return {
      eye: {
        x: 1.12 * side(0, landscape.xRange, -1),
        y: 1.4 * side(1, landscape.yRange, -1),
        z: 1.22
      },
      center: { x: 0, y: 0, z: -0.2 }
    };
  }

  function layout(landscape, flat) {
    var all = {
      autosize: true,
      margin: flat ? { l: 48, r: 8, t: 8, b: 42 } : { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: getComputedStyle(document.body).fontFamily, color: color('--ink'), size: 12 },
      showlegend: false
    };
    var x = axis(landscape.xLabel, landscape.xRange);
    var y = axis(landscape.yLabel, landscape.yRange);
    if (flat) {
      all.xaxis = x;
      all.yaxis = y;
    } else {
      var z = axis('');
      [x, y, z].forEach(function (a) { a.nticks = 6; a.showspikes = false; });
      z.tickvals = levels(landscape);
      all.scene = {
        xaxis: x,
        yaxis: y,
        zaxis: z,
        aspectmode: 'manual',
        aspectratio: { x: 1.1, y: 1.1, z: 0.7 },
        camera: camera(landscape)
      };
    }
    return all;
  }

  function draw(flatOnly) {
    cards().forEach(function (card, i) {
      var landscape = lockstep.landscapes[i];
      var flat = flatOnly || landscape.view === 'CONTOURS';
      if (landscape.paths.length > 0) {
        lockstep.legend(card, landscape.paths.map(function (path, k) {
          return {
            name: path.name,
            style: path.style === 'AUTOMATIC' ? 'PATH' : path.style,
            color: pathColor(k)
          };
        }));
      }
      Plotly.react(
        card,
        flat ? contours(landscape) : surface(landscape),
        layout(landscape, flat),
        { responsive: true, displayModeBar: false, displaylogo: false, scrollZoom: false }
      ).then(function () { card.dataset.drawn = ''; });
    });
  }

  function start() {
    var flatOnly = !canShowSpace();
    if (flatOnly) {
      cards().forEach(function (card, i) {
        if (lockstep.landscapes[i].view === 'SURFACE') {
          say(card, 'This browser shows no WebGL, so the surface is drawn as its contours.');
        }
      });
    }
    draw(flatOnly);
    lockstep.onColorScheme(function () { draw(flatOnly); });
  }

  function fail() {
    cards().forEach(function (card) {
      say(card, 'This browser is too old to unpack the drawing: open the page in one of 2023 or later.');
    });
  }

  if (typeof DecompressionStream === 'undefined') {
    fail();
    return;
  }
  var element = document.getElementById('plotly');
  var packed = Uint8Array.from(atob(element.textContent), function (c) { return c.charCodeAt(0); });
  element.remove();
  var unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  new Response(unpacked).text().then(function (source) {
    var script = document.createElement('script');
    script.textContent = source;
    document.head.append(script);
    start();
  });
})();
