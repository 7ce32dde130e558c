// The page's figures in a JavaScript engine of their own (web/src/paper.ts), without a page.
#pragma once

#include <string>
#include <string_view>

namespace isojoule::figures {

// The script that web/ built (web/dist/paper.js); its bytes are part of the program.
std::string_view paper_script();

// One engine, used by one thread.
class PaperScript {
 public:
  PaperScript();
  ~PaperScript();
  PaperScript(const PaperScript&) = delete;
  PaperScript& operator=(const PaperScript&) = delete;

  // What `open` and `draw` of web/src/paper.ts answer: JSON. Throws std::runtime_error with the
  // engine's words.
  std::string open(const std::string& study_json, const std::string& options_json);
  std::string draw(unsigned figure);

 private:
  struct Engine;
  Engine* engine_;
};

}  // namespace isojoule::figures
