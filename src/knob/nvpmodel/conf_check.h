// What holds of every text, whatever is in it: for the fuzzer and for the test over the corpus.
#pragma once

#include <cstdlib>
#include <string_view>

#include "knob/nvpmodel/conf.h"
#include "knob/nvpmodel/program.h"

namespace isojoule::nvpmodel {

// False where a text that was read does not come back the same, or an error says nothing.
inline bool conf_holds(std::string_view text) {
  const auto conf = parse_conf(text, "conf");
  if (!conf) return !conf.error().what.empty() && conf.error().kind != ErrorKind::internal;
  const std::string written = to_text(*conf);
  const auto again = parse_conf(written, "again");
  if (!again || to_text(*again) != written || conf->modes.empty()) return false;
  for (const Mode& mode : conf->modes)
    for (const Assignment& one : mode.assignments) {
      const Param* param = conf->find_param(one.param);
      if (param == nullptr || param->find(one.argument) == nullptr) return false;
    }
  (void)parse_query(text, *conf);
  (void)judge_answer(text, conf->modes.front());
  const auto status = parse_status(status_with(text, conf->modes.front().id), "status");
  return status && *status == conf->modes.front().id;
}

}  // namespace isojoule::nvpmodel
