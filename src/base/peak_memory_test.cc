#include "base/peak_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace isojoule {
namespace {

TEST(PeakMemory, reads_the_line_of_the_kernel_and_no_other) {
  EXPECT_EQ(peak_memory_in("Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"),
            2048 * 1024);
  for (const char* text :
       {"", "VmRSS:\t 1 kB\n", "\nVmHWM:", "\nVmHWM:\t \n", "\nVmHWM:\t x kB\n",
        "\nVmHWM:\t 0 kB\n", "\nVmHWM:\t -5 kB\n", "\nVmHWM:\t 5 MB\n", "\nVmHWM:\t 5",
        "\nVmHWM:\t 9223372036854775807 kB\n", "\nVmHWM:\t 99999999999999999999 kB\n"})
    EXPECT_EQ(peak_memory_in(text), std::nullopt) << text;
}

TEST(PeakMemory, is_at_least_what_was_touched_and_stays_there) {
  const auto before = own_peak_memory();
  ASSERT_TRUE(before);
  const std::int64_t more = *before + (std::int64_t{16} << 20);
  {
    const std::vector<char> touched(static_cast<std::size_t>(more), 'x');
    ASSERT_EQ(touched[touched.size() / 2], 'x');
  }
  const auto after = own_peak_memory();
  ASSERT_TRUE(after);
  EXPECT_GE(*after, more);
}

}  // namespace
}  // namespace isojoule
