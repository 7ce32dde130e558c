/* The client inside of something that is unloaded again. */
#include "isojoule/isojoule.h"

int64_t plugin_work(void);
int64_t plugin_work(void) {
  const int64_t window = isojoule_window_begin("in a plugin");
  isojoule_mark("of a plugin");
  isojoule_window_end(window);
  return window;
}
