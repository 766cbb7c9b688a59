// Draws the surface plots of a page with Plotly, gzip-compressed in base64 here.
(function () {
  'use strict';
  var plotly = '{{plotly}}';
  var color = lockstep.color;
  var plots = lockstep.cards('SurfacePlot');

  function say(plot, sentence) {
    plot.place.before(lockstep.element('p', { class: 'note' }, [sentence]));
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

  function heights(surface) {
    return surface.heights.flat().filter(function (z) { return z !== null; });
  }

  // Some round heights, none so low that its name would stand on that of another axis.
  function levels(surface) {
    var all = heights(surface);
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
  function colorScale() {
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

  function relief(surface) {
    var all = heights(surface);
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
      x: spaced(surface.range, surface.heights[0].length),
      y: spaced(surface.range, surface.heights.length),
      z: surface.heights,
      colorscale: colorScale(),
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
    surface.paths.forEach(function (path, i) {
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

  function contours(surface) {
    var traces = [{
      type: 'contour',
      x: spaced(surface.range, surface.heights[0].length),
      y: spaced(surface.range, surface.heights.length),
      z: surface.heights,
      colorscale: colorScale(),
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
    surface.paths.forEach(function (path, i) {
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
  function camera(surface) {
    var start = surface.paths.length > 0 && surface.paths[0].points[0];
    function side(at, range, otherwise) {
      if (!start) { return otherwise; }
      return Math.sign(between(range, 0.5) - start[at]) || otherwise;
    }
    return {
      eye: {
        x: 1.12 * side(0, surface.range, -1),
        y: 1.4 * side(1, surface.range, -1),
        z: 1.22
      },
      center: { x: 0, y: 0, z: -0.2 }
    };
  }

  function layout(surface, flat) {
    var all = {
      autosize: true,
      margin: flat ? { l: 48, r: 8, t: 8, b: 42 } : { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: getComputedStyle(document.body).fontFamily, color: color('--ink'), size: 12 },
      showlegend: false
    };
    var x = axis('x', surface.range);
    var y = axis('y', surface.range);
    if (flat) {
      all.xaxis = x;
      all.yaxis = y;
    } else {
      var z = axis('');
      [x, y, z].forEach(function (a) { a.nticks = 6; a.showspikes = false; });
      z.tickvals = levels(surface);
      all.scene = {
        xaxis: x,
        yaxis: y,
        zaxis: z,
        aspectmode: 'manual',
        aspectratio: { x: 1.1, y: 1.1, z: 0.7 },
        camera: camera(surface)
      };
    }
    return all;
  }

  function draw(flatOnly) {
    plots.forEach(function (plot) {
      var surface = plot.section;
      var flat = flatOnly || surface.view === 'CONTOURS';
      if (surface.paths.length > 0) {
        lockstep.legend(plot.place, surface.paths.map(function (path, k) {
          return {
            name: path.name,
            style: path.style === 'AUTOMATIC' ? 'PATH' : path.style,
            color: pathColor(k)
          };
        }));
      }
      Plotly.react(
        plot.place,
        flat ? contours(surface) : relief(surface),
        layout(surface, flat),
        { responsive: true, displayModeBar: false, displaylogo: false, scrollZoom: false }
      ).then(function () { plot.place.dataset.drawn = ''; });
    });
  }

  function start() {
    var flatOnly = !canShowSpace();
    plots.forEach(function (plot) {
      if (flatOnly && plot.section.view === 'SURFACE') {
        say(plot, 'This browser has no WebGL: the surface is drawn as contours.');
      }
    });
    draw(flatOnly);
    lockstep.onColorScheme(function () { draw(flatOnly); });
  }

  if (typeof DecompressionStream === 'undefined') {
    plots.forEach(function (plot) {
      say(plot, 'This browser cannot unpack the drawing: use one of 2023 or later.');
    });
    return;
  }
  var packed = Uint8Array.from(atob(plotly), function (c) { return c.charCodeAt(0); });
  var unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  new Response(unpacked).text().then(function (source) {
    document.head.append(lockstep.element('script', {}, [source]));
    start();
  });
})();
