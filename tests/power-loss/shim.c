/* Records, in one order, every change of the files below a folder: what was written where, what was
 * synced, created, renamed, removed. Loaded with LD_PRELOAD; POWER_ROOT names the folder, POWER_TRACE
 * the file to append to. A call and its record are made under one lock, so that the order of the
 * records is the order of the calls.
 *
 * A record: op (1 byte), path length (4), path, offset (8), data length (4), data. Native endian. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_len;
static int trace = -1;

__attribute__((constructor)) static void begin(void) {
  root = getenv("POWER_ROOT");
  const char *file = getenv("POWER_TRACE");
  if (!root || !file) return;
  root_len = strlen(root);
  trace = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int below(const char *path) {
  return trace >= 0 && path && strncmp(path, root, root_len) == 0 && path[root_len] == '/';
}

/* The path of a descriptor, or NULL if it is not below the root. */
static const char *path_of(int fd, char *buffer) {
  if (trace < 0) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, buffer, PATH_MAX - 1);
  if (n <= 0) return NULL;
  buffer[n] = 0;
  return below(buffer) ? buffer : NULL;
}

static const char *path_at(int dir, const char *path, char *buffer) {
  if (!path) return NULL;
  if (path[0] == '/') return below(path) ? path : NULL;
  char folder[PATH_MAX];
  if (dir == AT_FDCWD) {
    if (!getcwd(folder, sizeof folder)) return NULL;
  } else {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, folder, sizeof folder - 1);
    if (n <= 0) return NULL;
    folder[n] = 0;
  }
  if (snprintf(buffer, PATH_MAX, "%s/%s", folder, path) >= PATH_MAX) return NULL;
  return below(buffer) ? buffer : NULL;
}

static void put(const void *data, size_t len) {
  const char *at = data;
  while (len > 0) {
    ssize_t n = syscall(SYS_write, trace, at, len);
    if (n <= 0) _exit(97);
    at += n;
    len -= (size_t)n;
  }
}

static void record(char op, const char *path, int64_t offset, const void *data, size_t len) {
  uint32_t path_len = (uint32_t)strlen(path), data_len = (uint32_t)len;
  char head[1 + 4 + PATH_MAX + 8 + 4];
  size_t n = 0;
  head[n++] = op;
  memcpy(head + n, &path_len, 4); n += 4;
  memcpy(head + n, path, path_len); n += path_len;
  memcpy(head + n, &offset, 8); n += 8;
  memcpy(head + n, &data_len, 4); n += 4;
  put(head, n);
  put(data, len);
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int opened(int fd, const char *path, int flags, int was_there) {
  if (fd >= 0 && path) {
    if ((flags & O_CREAT) && !was_there) record('C', path, 0, "", 0);
    else if ((flags & O_TRUNC)) record('T', path, 0, "", 0);
  }
  return fd;
}

static int open_it(int dir, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *watched = path_at(dir, path, buffer);
  int watch = watched && (flags & (O_CREAT | O_TRUNC));
  if (!watch) return (int)syscall(SYS_openat, dir, path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat st;
  int was_there = lstat(watched, &st) == 0;
  int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
  int error = errno;
  opened(fd, watched, flags, was_there);
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags) return open_it(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_it(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags) return open_it(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags) return open_it(dir, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return open_it(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open_it(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode); }

static off_t position(int fd) {
  struct stat st;
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_APPEND) && fstat(fd, &st) == 0) return st.st_size;
  return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t len) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  if (!path) return syscall(SYS_write, fd, data, len);
  pthread_mutex_lock(&lock);
  off_t at = position(fd);
  ssize_t n = syscall(SYS_write, fd, data, len);
  int error = errno;
  if (n > 0) record('W', path, at, data, (size_t)n);
  pthread_mutex_unlock(&lock);
  errno = error;
  return n;
}

static ssize_t pwrite_it(int fd, const void *data, size_t len, off_t at) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  if (!path) return syscall(SYS_pwrite64, fd, data, len, at);
  pthread_mutex_lock(&lock);
  ssize_t n = syscall(SYS_pwrite64, fd, data, len, at);
  int error = errno;
  if (n > 0) record('W', path, at, data, (size_t)n);
  pthread_mutex_unlock(&lock);
  errno = error;
  return n;
}
ssize_t pwrite(int fd, const void *data, size_t len, off_t at) { return pwrite_it(fd, data, len, at); }
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at) { return pwrite_it(fd, data, len, at); }

/* One write after the other: what is recorded is what was written. */
static ssize_t writev_it(int fd, const struct iovec *parts, int count, off_t at, int positioned) {
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = positioned ? pwrite_it(fd, parts[i].iov_base, parts[i].iov_len, at + total)
                           : write(fd, parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return total > 0 ? total : n;
    total += n;
    if ((size_t)n < parts[i].iov_len) break;
  }
  return total;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  char buffer[PATH_MAX];
  if (!path_of(fd, buffer)) return syscall(SYS_writev, fd, parts, count);
  return writev_it(fd, parts, count, 0, 0);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return writev_it(fd, parts, count, at, 1); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return writev_it(fd, parts, count, at, 1); }

static int truncated(int fd, off_t size) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  if (!path) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_ftruncate, fd, size);
  int error = errno;
  if (done == 0) record('T', path, size, "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated(fd, size); }

static int synced(int fd, long call) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  if (!path) return (int)syscall(call, fd);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(call, fd);
  int error = errno;
  if (done == 0) record('S', path, 0, "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int renamed(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  char one[PATH_MAX], two[PATH_MAX];
  const char *a = path_at(from_dir, from, one), *b = path_at(to_dir, to, two);
  if (!a && !b) return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
  int error = errno;
  if (done == 0) {
    if (a && b && flags == 0) record('R', a, 0, b, strlen(b));
    else record('X', a ? a : b, 0, "rename", 6);
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renamed(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return renamed(a, from, b, to, flags); }

static int removed(int dir, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *watched = path_at(dir, path, buffer);
  if (!watched) return (int)syscall(SYS_unlinkat, dir, path, flags);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_unlinkat, dir, path, flags);
  int error = errno;
  if (done == 0) record(flags & AT_REMOVEDIR ? 'D' : 'U', watched, 0, "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return removed(dir, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int dir, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  const char *watched = path_at(dir, path, buffer);
  if (!watched) return (int)syscall(SYS_mkdirat, dir, path, mode);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_mkdirat, dir, path, mode);
  int error = errno;
  if (done == 0) record('M', watched, 0, "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return made(dir, path, mode); }

/* What the model does not know must not happen. */
static void unknown(int fd, const char *what) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  if (!path) return;
  pthread_mutex_lock(&lock);
  record('X', path, 0, what, strlen(what));
  pthread_mutex_unlock(&lock);
}
int fallocate(int fd, int mode, off_t at, off_t len) { unknown(fd, "fallocate"); return (int)syscall(SYS_fallocate, fd, mode, at, len); }
int fallocate64(int fd, int mode, off64_t at, off64_t len) { unknown(fd, "fallocate"); return (int)syscall(SYS_fallocate, fd, mode, at, len); }
int posix_fallocate(int fd, off_t at, off_t len) { unknown(fd, "posix_fallocate"); return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno; }
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t len, unsigned flags) {
  unknown(to, "copy_file_range");
  return syscall(SYS_copy_file_range, from, a, to, b, len, flags);
}
static void *mapped(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
  if (fd >= 0 && (protection & PROT_WRITE) && (flags & MAP_SHARED)) unknown(fd, "mmap");
  return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
}
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) { return mapped(at, len, protection, flags, fd, offset); }
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset) { return mapped(at, len, protection, flags, fd, offset); }
