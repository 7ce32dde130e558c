#include "data/study_schema.h"

#include <string>

namespace isojoule {

std::string_view study_schema_sql() {
  // What came with later schemas stands once, where it leads from the one before.
  static const std::string all = R"sql(
CREATE TABLE schema (version INTEGER NOT NULL, written_by TEXT NOT NULL);

CREATE TABLE study (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  name TEXT NOT NULL, board TEXT NOT NULL, board_release TEXT NOT NULL,
  simulated INTEGER NOT NULL,           -- 1: made on a twin, no evidence about a real board
  engine TEXT NOT NULL, program_version TEXT NOT NULL, command TEXT NOT NULL,
  created TEXT NOT NULL, planned_runs INTEGER NOT NULL,
  total TEXT NOT NULL,                  -- the rails whose sum is the module's power
  protocol_json TEXT NOT NULL
);
CREATE TABLE plan (toml TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE rails (
  position INTEGER PRIMARY KEY, name TEXT NOT NULL, parent TEXT NOT NULL, what TEXT NOT NULL
);

CREATE TABLE runs (
  run INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL UNIQUE,     -- place in the plan's order
  block INTEGER NOT NULL, repeat INTEGER NOT NULL,
  network TEXT NOT NULL,
  baseline TEXT NOT NULL,               -- '': a grid point
  setting TEXT NOT NULL,
  state TEXT NOT NULL, failure TEXT NOT NULL,
  inferences INTEGER NOT NULL,
  wall_time TEXT NOT NULL,
  trace_total TEXT, trace_period_ns INTEGER  -- NULL: no trace was kept
);
CREATE TABLE settings (
  run INTEGER NOT NULL REFERENCES runs, axis TEXT NOT NULL, value, unit TEXT NOT NULL,
  PRIMARY KEY (run, axis)
) WITHOUT ROWID;
CREATE TABLE knobs (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, axis TEXT NOT NULL,
  requested, achieved, unit TEXT NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE phases (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, phase TEXT NOT NULL,
  begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, duration_s REAL NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE energies (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, phase TEXT NOT NULL,
  rail TEXT NOT NULL,                   -- 'total': the module
  duration_s REAL NOT NULL,
  gross_j REAL, gross_u_j REAL,         -- u: standard uncertainty, k = 1
  net_j REAL, net_u_j REAL,             -- without the idle power
  gain_u_j REAL, offset_u_j REAL, quantisation_u_j REAL, sampling_u_j REAL, edges_u_j REAL,
  further_budget TEXT,
  why_absent TEXT NOT NULL, net_why_absent TEXT NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE residency (
  run INTEGER NOT NULL REFERENCES runs, watch TEXT NOT NULL, value REAL NOT NULL,
  unit TEXT NOT NULL, percent REAL NOT NULL, PRIMARY KEY (run, watch, value)
) WITHOUT ROWID;
CREATE TABLE counters (
  run INTEGER NOT NULL REFERENCES runs, counter TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (run, counter)
) WITHOUT ROWID;
CREATE TABLE temperatures (
  run INTEGER NOT NULL REFERENCES runs, zone TEXT NOT NULL, start_c REAL, end_c REAL,
  PRIMARY KEY (run, zone)
) WITHOUT ROWID;
CREATE TABLE batches (                  -- columns: a block of begin_ns and duration_ns
  run INTEGER PRIMARY KEY REFERENCES runs, count INTEGER NOT NULL, columns BLOB NOT NULL
);
CREATE TABLE traces (                   -- columns: a block of time_ns, a, b
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL,
  rail TEXT NOT NULL, sensor TEXT NOT NULL, kind TEXT NOT NULL,
  step_a REAL NOT NULL, step_b REAL NOT NULL,
  voltage_quantum_v REAL NOT NULL, current_quantum_a REAL NOT NULL, window_s REAL NOT NULL,
  gain_uncertainty REAL NOT NULL, current_offset_uncertainty_a REAL NOT NULL,
  count INTEGER NOT NULL, columns BLOB NOT NULL,
  power_quantum_w REAL NOT NULL DEFAULT 0, power_offset_uncertainty_w REAL NOT NULL DEFAULT 0,
  update_period_s REAL NOT NULL DEFAULT 0,  -- of the source; 0: not known
  PRIMARY KEY (run, position)
);
CREATE TABLE watches (                  -- columns: a block of time_ns and value
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, name TEXT NOT NULL,
  unit TEXT NOT NULL, count INTEGER NOT NULL, columns BLOB NOT NULL, PRIMARY KEY (run, position)
);
CREATE VIEW inference_energies AS
  SELECT r.run, r.network, r.baseline, r.setting, r.state, e.duration_s, e.gross_j, e.gross_u_j,
         e.net_j, e.net_u_j, e.why_absent
  FROM runs r LEFT JOIN energies e ON e.run = r.run AND e.phase = 'inference' AND e.rail = 'total';
)sql" + std::string(study_migration_sql(2)) +
                                 std::string(study_migration_sql(3)) +
                                 std::string(study_migration_sql(4));
  return all;
}

std::string_view study_migration_sql(int version) {
  if (version == 1)
    return R"sql(
ALTER TABLE traces ADD COLUMN power_quantum_w REAL NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN power_offset_uncertainty_w REAL NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN update_period_s REAL NOT NULL DEFAULT 0;
)sql";
  if (version == 2)
    return R"sql(
CREATE TABLE layers (                   -- time of a layer in a batch, by the engine's profiler
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, name TEXT NOT NULL,
  operation TEXT NOT NULL, device TEXT NOT NULL, time_s REAL NOT NULL,
  spread_s REAL NOT NULL,               -- standard deviation from batch to batch
  batches INTEGER NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE notes (                    -- what the engine said of itself
  run INTEGER NOT NULL REFERENCES runs, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
)sql";
  if (version == 3)
    return R"sql(
ALTER TABLE traces ADD COLUMN lag_s REAL NOT NULL DEFAULT 0;
-- 1: a reading's time is when the source had it, not when it was asked
ALTER TABLE traces ADD COLUMN dated_by_source INTEGER NOT NULL DEFAULT 0;
-- gain, offset_w, their standard uncertainties, correlation, date, meter; '': not calibrated
ALTER TABLE traces ADD COLUMN calibration TEXT NOT NULL DEFAULT '';
CREATE TABLE windows (                  -- that the measured program named
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, name TEXT NOT NULL,
  begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, duration_s REAL NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE window_energies (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL,
  window INTEGER NOT NULL,              -- position in windows
  rail TEXT NOT NULL, gross_j REAL, gross_u_j REAL, net_j REAL, net_u_j REAL,
  budget TEXT NOT NULL,                 -- 'cause=joules ...', standard uncertainties
  why_absent TEXT NOT NULL, net_why_absent TEXT NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;
)sql";
  if (version == 4)
    return R"sql(
ALTER TABLE runs ADD COLUMN on_board TEXT NOT NULL DEFAULT '';  -- '': the study's only one
CREATE TABLE boards (                   -- of a fleet's study, all of the type in study.board
  name TEXT PRIMARY KEY,                -- runs.on_board
  serial TEXT NOT NULL,                 -- '': not known
  title TEXT NOT NULL, board_release TEXT NOT NULL, variant TEXT NOT NULL,
  program_version TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE memos (                    -- what the study's writer keeps for its next start
  key TEXT PRIMARY KEY, value TEXT NOT NULL
) WITHOUT ROWID;
DROP VIEW inference_energies;
CREATE VIEW inference_energies AS
  SELECT r.run, r.network, r.baseline, r.setting, r.state, e.duration_s, e.gross_j, e.gross_u_j,
         e.net_j, e.net_u_j, e.why_absent, r.on_board
  FROM runs r LEFT JOIN energies e ON e.run = r.run AND e.phase = 'inference' AND e.rail = 'total';
)sql";
  return {};
}

}  // namespace isojoule
