// The study file of an agent: what is measured goes into the outbox instead. It also sees when the
// board measures badly, and then ends the block.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/fleet/agent_health.h"
#include "app/fleet/outbox.h"
#include "app/fleet/run_marker.h"
#include "data/study_file.h"

namespace isojoule::agent {

struct SinkPlaces {
  Outbox& outbox;
  RunMarker& marker;
  const std::string& board;  // the agent's name
  const std::string& instance;
  const std::string& study;
};

class BlockSink final : public StudyFile {
 public:
  // `health` judges every run; `look_at_rest` tells, after the first throttled run of a row and the
  // last that is borne, why the board throttles even at rest ("" = it does not: it is the setting).
  // `stored` is called after each run that the outbox has.
  BlockSink(SinkPlaces places, RunHealth& health, bool engine_has_worked,
            std::function<std::string()> look_at_rest, std::function<void(const Run&)> stored)
      : places_(places),
        health_(health),
        engine_has_worked_(engine_has_worked),
        look_at_rest_(std::move(look_at_rest)),
        stored_(std::move(stored)) {}

  // Stores what was held back. At the end of the block.
  Status flush();
  // Why add() ended the block; nothing where it did not.
  const std::optional<Outage>& outage() const { return outage_; }
  bool has_worked() const { return has_worked_; }
  bool could_not_store() const { return could_not_store_; }  // the disk, and not the board
  std::int64_t made() const { return made_; }

 private:
  struct HeldRun {
    Run run;
    std::optional<Trace> trace;
  };
  const StudyInfo& do_info() const override { return info_; }
  Result<std::int64_t> do_add(const Run& run, const Trace* trace) override;
  Result<std::vector<std::int64_t>> do_sequences() override { return std::vector<std::int64_t>{}; }
  Result<std::vector<Run>> do_runs(bool) override { return std::vector<Run>{}; }
  Result<Run> do_run(std::int64_t id) override;
  Result<Trace> do_trace(std::int64_t id) override;
  Status store(const Run& run, const Trace* trace);
  Status put(const fleet::RunMessage& message);
  tl::unexpected<Error> end(Outage outage);

  SinkPlaces places_;
  RunHealth& health_;
  const bool engine_has_worked_;
  const std::function<std::string()> look_at_rest_;
  const std::function<void(const Run&)> stored_;
  StudyInfo info_;
  std::vector<HeldRun> held_;  // throttled, or died: stored when it turns out to be the run's fault
  std::optional<Outage> outage_;
  bool has_worked_ = false;
  bool could_not_store_ = false;
  std::int64_t made_ = 0;
};

}  // namespace isojoule::agent
