// A sensor whose channels are one or more integer nodes each, kept open: what most kinds of Linux
// are. A kind says what to open and what the numbers mean.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "sensor/sensor.h"

namespace isojoule {

class FileSensor : public Sensor {
 public:
  static constexpr std::size_t kNodes = 3;
  struct Source {
    ChannelInfo info;
    std::array<std::unique_ptr<File>, kNodes> nodes;  // those that are there, from the first on
  };
  // Reads every node once, so that a channel that cannot be read is out with its reason. Errors:
  // those of the nodes.
  Status add(FileTree& tree, ChannelInfo info, const std::vector<std::string>& paths);
  void note(Error problem) { problems_.push_back(std::move(problem)); }
  bool empty() const { return infos_.empty(); }

 protected:
  // From the numbers of one channel's nodes to its reading; false: there is none (`out.state` says
  // which kind of none).
  virtual bool convert(std::size_t channel, const std::array<std::int64_t, kNodes>& numbers,
                       RawReading& out) = 0;

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return infos_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;

  std::vector<ChannelInfo> infos_;
  std::vector<std::array<std::unique_ptr<File>, kNodes>> nodes_;
  std::vector<Error> problems_;
};

// The sensor where at least one channel is open; otherwise the first problem as an error that names
// the place.
Result<std::unique_ptr<Sensor>> finish(std::unique_ptr<FileSensor> sensor,
                                       const std::string& place);

}  // namespace isojoule
