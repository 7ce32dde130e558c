// A command's page, as Markdown for the book and as a man page.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace isojoule::cli {

std::string markdown_page(const CommandEntry& command);
std::string man_page(const CommandEntry& command);  // section 1, for man-db's and mandoc's man
std::string json_of_commands(const CommandEntry& program);  // all, hidden ones too

// "zoo-list.md"; the program's own is index.md, its man page isojoule.1.
std::string markdown_name(const CommandEntry& command);
std::string man_name(const CommandEntry& command);  // "isojoule-zoo-list.1"

// How it is called: "isojoule compare [OPTIONS] FILE [OTHER]".
std::string usage_line(const CommandEntry& command);
// "-o, --output FILE", "--limit TEXT ...".
std::string option_line(const OptionEntry& option);
// Help, standard value, limits, what it needs and excludes, as sentences.
std::string option_text(const OptionEntry& option);

}  // namespace isojoule::cli
