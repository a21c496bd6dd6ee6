/* Stands between a process and the disk, for the files of one database: counts, and loses what was not synced.
   SCIM_POWER_FILES    the beginning of the names of the files
   SCIM_POWER_COUNTS   a file of two 64-bit counters: syncs, and all calls that matter
   SCIM_POWER_CUT      the number of the call that does not happen any more: the power fails
   SCIM_POWER_IGNORES  a disk, or a database, that does not sync */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct undo {
  struct undo *next;
  char path[512];
  off_t offset, size; /* the place, and how long the file was */
  size_t length;
  char before[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct undo *undos;
static volatile uint64_t *counts;
static const char *prefix;
static uint64_t cut;
static int ignores;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void start(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  real_write = dlsym(RTLD_NEXT, "write");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  prefix = getenv("SCIM_POWER_FILES");
  const char *file = getenv("SCIM_POWER_COUNTS");
  if (file) {
    int fd = open(file, O_RDWR);
    void *map = fd < 0 ? MAP_FAILED : mmap(0, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) counts = map;
  }
  const char *at = getenv("SCIM_POWER_CUT");
  if (at) cut = strtoull(at, 0, 10);
  ignores = getenv("SCIM_POWER_IGNORES") != 0;
}

/* Whether a file is one of ours; the shared memory of a WAL is not on disk. */
static int ours(int fd, char *path) {
  char link[64];
  if (!prefix || fd < 3) return 0;
  char *digit = link + sizeof link - 1;
  *digit = 0;
  int number = fd;
  do { *--digit = '0' + number % 10; number /= 10; } while (number);
  digit -= 14;
  memcpy(digit, "/proc/self/fd/", 14);
  ssize_t length = readlink(digit, path, 511);
  if (length < 0) return 0;
  path[length] = 0;
  if (strncmp(path, prefix, strlen(prefix))) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm");
}

static void fail(void) {
  for (struct undo *undo = undos; undo; undo = undo->next) {
    int fd = open(undo->path, O_RDWR);
    if (fd < 0) continue;
    real_pwrite(fd, undo->before, undo->length, undo->offset);
    real_ftruncate(fd, undo->size);
    close(fd);
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void count(void) {
  if (counts && ++counts[1] == cut) fail();
}

static void remember(int fd, const char *path, off_t offset, size_t length) {
  struct stat stat;
  if (fstat(fd, &stat)) return;
  struct undo *undo = malloc(sizeof *undo + length);
  strcpy(undo->path, path);
  undo->offset = offset;
  undo->size = stat.st_size;
  ssize_t old = length ? pread(fd, undo->before, length, offset) : 0;
  undo->length = old < 0 ? 0 : old;
  undo->next = undos;
  undos = undo;
}

static void settle(const char *path) {
  if (counts) counts[0]++;
  if (ignores) return;
  for (struct undo **at = &undos; *at;) {
    struct undo *undo = *at;
    if (strcmp(undo->path, path)) { at = &undo->next; continue; }
    *at = undo->next;
    free(undo);
  }
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  char path[512];
  if (!ours(fd, path)) return real_pwrite(fd, data, length, offset);
  pthread_mutex_lock(&lock);
  count();
  remember(fd, path, offset, length);
  ssize_t written = real_pwrite(fd, data, length, offset);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) { return pwrite(fd, data, length, offset); }

ssize_t write(int fd, const void *data, size_t length) {
  char path[512];
  if (!ours(fd, path)) return real_write(fd, data, length);
  pthread_mutex_lock(&lock);
  count();
  remember(fd, path, lseek(fd, 0, SEEK_CUR), length);
  ssize_t written = real_write(fd, data, length);
  pthread_mutex_unlock(&lock);
  return written;
}

int ftruncate(int fd, off_t size) {
  char path[512];
  if (!ours(fd, path)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  count();
  struct stat stat;
  if (!fstat(fd, &stat) && stat.st_size > size) remember(fd, path, size, stat.st_size - size);
  else remember(fd, path, size, 0);
  int result = real_ftruncate(fd, size);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static int sync_by(int fd, int (*real)(int)) {
  char path[512];
  if (!ours(fd, path)) return real(fd);
  pthread_mutex_lock(&lock);
  count();
  int result = ignores ? 0 : real(fd);
  if (!result) settle(path);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return sync_by(fd, real_fsync); }
int fdatasync(int fd) { return sync_by(fd, real_fdatasync); }
