/* LD_PRELOAD: fail the N-th I/O call on the ledger's files once, and know what is synced.
 *
 * IO_FAULTS names a file that both sides map: see struct control. Only calls on paths that hold
 * IO_FAULTS_PATH are counted. cc -shared -fPIC -O1 -o io_faults.so io_faults.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { FAIL_EIO = 1, FAIL_ENOSPC = 2, FAIL_SHORT = 3 };

struct control {
    volatile int armed;     /* count and fail calls only while 1 */
    volatile int count;     /* calls since it was armed */
    volatile int fail_at;   /* number of the call that fails, from 1; -'s': the first sync */
    volatile int kind;      /* enum kind */
    volatile int failed;    /* what failed: 0 nothing, 'w' write, 's' sync, 'r' read, 't' truncate */
    volatile int unsynced;  /* log writes since the log's last good sync */
    volatile int syncs;     /* good syncs of the log */
};

static struct control *control;
static const char *wanted;
static __thread int then_full; /* the rest of a short write finds no room */

static struct control *shared(void) {
    if (control == NULL) {
        const char *path = getenv("IO_FAULTS");
        wanted = getenv("IO_FAULTS_PATH");
        int fd = path ? open(path, O_RDWR) : -1;
        void *at = fd < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (fd >= 0) close(fd);
        static struct control nobody;
        control = at == MAP_FAILED ? &nobody : at;
    }
    return control;
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, size - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return wanted != NULL && strstr(path, wanted) != NULL;
}

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* 1 when this call has to fail; errno is set. */
static int struck(struct control *c, int what) {
    if (!c->armed) return 0;
    int number = __sync_add_and_fetch(&c->count, 1);
    if (c->fail_at < 0 ? c->failed || what != -c->fail_at : number != c->fail_at) return 0;
    c->failed = what;
    errno = c->kind == FAIL_EIO || what == 'r' ? EIO : ENOSPC;
    return 1;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (real == NULL) real = dlsym(RTLD_NEXT, #name)

static ssize_t guarded_pwrite(ssize_t (*real)(int, const void *, size_t, off64_t), int fd,
                              const void *data, size_t size, off64_t at) {
    struct control *c = shared();
    char path[512];
    if (!path_of(fd, path, sizeof path)) return real(fd, data, size, at);
    if (then_full) {
        then_full = 0;
        errno = ENOSPC;
        return -1;
    }
    int is_log = ends_with(path, "-wal");
    if (struck(c, 'w')) {
        if (c->kind != FAIL_SHORT) return -1;
        then_full = 1;
        size /= 2;
    }
    if (is_log) __sync_add_and_fetch(&c->unsynced, 1);
    return real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    return guarded_pwrite(real, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    return guarded_pwrite((ssize_t (*)(int, const void *, size_t, off64_t))real, fd, data, size, at);
}

static int guarded_sync(int (*real)(int), int fd) {
    struct control *c = shared();
    char path[512];
    if (!path_of(fd, path, sizeof path)) return real(fd);
    if (struck(c, 's')) return -1;
    int before = c->unsynced;
    int done = real(fd);
    if (done == 0 && ends_with(path, "-wal")) {
        __sync_sub_and_fetch(&c->unsynced, before);
        c->syncs++;
    }
    return done;
}

int fsync(int fd) {
    REAL(fsync);
    return guarded_sync(real, fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return guarded_sync(real, fd);
}

static ssize_t guarded_pread(ssize_t (*real)(int, void *, size_t, off64_t), int fd, void *data,
                             size_t size, off64_t at) {
    char path[512];
    if (path_of(fd, path, sizeof path) && struck(shared(), 'r')) return -1;
    return real(fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    REAL(pread64);
    return guarded_pread(real, fd, data, size, at);
}

ssize_t pread(int fd, void *data, size_t size, off_t at) {
    REAL(pread);
    return guarded_pread((ssize_t (*)(int, void *, size_t, off64_t))real, fd, data, size, at);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    char path[512];
    if (path_of(fd, path, sizeof path) && struck(shared(), 't')) return -1;
    return real(fd, size);
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    char path[512];
    if (path_of(fd, path, sizeof path) && struck(shared(), 't')) return -1;
    return real(fd, size);
}
