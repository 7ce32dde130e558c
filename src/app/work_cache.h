// The work of networks by name and batch, each worked out once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "app/paths.h"
#include "base/error.h"
#include "predict/work.h"

namespace isojoule {

class WorkCache {
 public:
  // `folder`: where the paths of ONNX files begin; "": the working folder. `paths` must outlive
  // this.
  explicit WorkCache(const Paths& paths, std::string folder = {})
      : paths_(paths), folder_(std::move(folder)) {}

  // Errors: those of named_cost(), with the network's name.
  Result<std::shared_ptr<const NetworkWork>> work(const std::string& network, std::int64_t batch);

 private:
  const Paths& paths_;
  std::string folder_;
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const NetworkWork>> known_;
};

}  // namespace isojoule
