// The rules of the drawings, in one place: the page uses them, and a downloaded SVG carries them.
export const kFigureStyle = `
svg.drawing { font: 12px/1.2 var(--sans); display: block; }
svg.drawing text { fill: var(--ink-soft); font-variant-numeric: tabular-nums; }
svg.drawing .axis-name { fill: var(--ink); }
svg.drawing .rule { stroke: var(--rule); stroke-width: 1; fill: none; shape-rendering: crispEdges; }
svg.drawing .frame-line { stroke: var(--ink-soft); stroke-width: 1; fill: none; }
svg.drawing .isojoule { stroke: #fff; stroke-opacity: .85; stroke-width: 1.2; fill: none; }
svg.drawing .isojoule-under { stroke: #000; stroke-opacity: .28; stroke-width: 2.6; fill: none; }
svg.drawing .level { fill: #fff; font-size: 11px; paint-order: stroke; stroke: rgba(0,0,0,.55); stroke-width: 2.5px; stroke-linejoin: round; }
svg.drawing .governor { stroke: var(--governor); stroke-width: 2; stroke-dasharray: 6 4; fill: none; }
svg.drawing .governor-under { stroke: #fff; stroke-opacity: .9; stroke-width: 4.5; fill: none; }
svg.drawing .governor-plane { fill: var(--governor); fill-opacity: .22; stroke: var(--governor); stroke-width: 1.5; }
svg.drawing text.governor-name { fill: var(--governor-ink); }
svg.drawing .mark-ring { fill: none; stroke: #fff; stroke-width: 5; }
svg.drawing .mark-core { fill: none; stroke: #b3001b; stroke-width: 2.5; }
svg.drawing .mark-dot { fill: #b3001b; stroke: #fff; stroke-width: 1.5; }
svg.drawing .mark-name { fill: var(--ink); font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
svg.drawing .drop { stroke: #d0314a; stroke-width: 1.5; stroke-dasharray: 2 3; }
svg.drawing .cursor { fill: none; stroke: var(--ink); stroke-width: 2; }
svg.drawing .cursor-line { stroke: var(--ink-soft); stroke-width: 1; stroke-dasharray: 2 2; }
svg.drawing .absent { fill: url(#hatch); }
svg.drawing .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg.drawing .whisker { stroke-width: 1.2; }
svg.drawing .share { fill: var(--bar); }
svg.drawing .simulated-tag { fill: var(--governor-ink); font-weight: 600; letter-spacing: .06em; font-size: 11px; }
svg.drawing .left { stroke: var(--series-a); } svg.drawing text.left { stroke: none; fill: var(--series-a); }
svg.drawing .right { stroke: var(--series-b); } svg.drawing text.right { stroke: none; fill: var(--series-b); }
svg.drawing .below { stroke: var(--ink); } svg.drawing circle.below { fill: var(--ink); stroke: var(--paper); }
svg.drawing circle.left { fill: var(--series-a); stroke: var(--paper); } svg.drawing circle.right { fill: var(--series-b); stroke: var(--paper); }
svg.drawing .faint { opacity: .75; font-style: italic; }
svg.drawing .ink-line { stroke: var(--ink); }
svg.drawing .thin { stroke: var(--ink-soft); stroke-width: 1; fill: none; }
svg.drawing .shape { stroke: var(--paper); stroke-width: 1; }
svg.drawing .open { fill: var(--paper); stroke: var(--ink-soft); stroke-width: 1.4; }
svg.drawing .cross { fill: none; stroke: var(--governor); stroke-width: 1.8; }
svg.drawing .tone-line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg.drawing .setting-dot { fill: var(--bar); fill-opacity: .8; }
svg.drawing .pareto { fill: #fff; stroke: #16181c; stroke-width: 1.3; }
svg.drawing .pareto-line { fill: none; stroke: var(--ink); stroke-width: 1.6; stroke-linejoin: round; }
svg.drawing .pointed-under { fill: none; stroke: #fff; stroke-width: 5; }
svg.drawing .dots { fill: none; stroke: var(--bar); stroke-width: 3; stroke-linecap: round; stroke-opacity: .55; }
svg.drawing .tone0 { fill: var(--series-a); } svg.drawing .tone-line0 { stroke: var(--series-a); }
svg.drawing .tone1 { fill: var(--series-b); } svg.drawing .tone-line1 { stroke: var(--series-b); }
svg.drawing .tone2 { fill: #0f8f6c; } svg.drawing .tone-line2 { stroke: #0f8f6c; }
svg.drawing .tone3 { fill: #b8558c; } svg.drawing .tone-line3 { stroke: #b8558c; }
svg.drawing .tone4 { fill: #8a7a12; } svg.drawing .tone-line4 { stroke: #8a7a12; }
svg.drawing .tone5 { fill: #6f7681; } svg.drawing .tone-line5 { stroke: #6f7681; }
`;
