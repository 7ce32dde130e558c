// A reader of logs that have windows and no power: line by line, marks paired.
#pragma once

#include <memory>

#include "import/mark_pairs.h"
#include "import/reader.h"

namespace isojoule::import {

class WindowReader : public Reader {
 protected:
  explicit WindowReader(LogFile file)
      : blocks_(std::make_unique<LineBlocks>(std::move(file.bytes), file.path)) {}

  MarkPairs pairs_;  // their windows join windows_ at the end

 private:
  // `is_cut`: the log's last line, which has no end.
  virtual void do_take(std::string_view line, bool is_cut) = 0;
  Result<bool> do_next(std::vector<Channel>& block) final;

  std::unique_ptr<LineBlocks> blocks_;
  bool done_ = false;
};

}  // namespace isojoule::import
