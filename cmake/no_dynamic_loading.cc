// For static programs, linked with --wrap: these stand where a library calls dlopen and its kin,
// which in a static program would load a second glibc, that of the machine. Libraries that can load
// others (SQLite its extensions) then get their ordinary answer for "not there"; what of ours needs
// a library answers `unsupported` where ISOJOULE_STATIC is defined.
extern "C" {

void* __wrap_dlopen(const char* path, int flags);
void* __wrap_dlsym(void* library, const char* name);
int __wrap_dlclose(void* library);
char* __wrap_dlerror();

void* __wrap_dlopen(const char*, int) { return nullptr; }
void* __wrap_dlsym(void*, const char*) { return nullptr; }
int __wrap_dlclose(void*) { return 0; }

char* __wrap_dlerror() {
  static char text[] = "a static program loads no libraries";
  return text;
}
}
