// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen of an IOMMU fd from outside: /proc/PID/fdinfo, the listing in
 * debugfs, and trace events. The devices are mock devices (CONFIG_IOMMUFD_TEST).
 */
#include <grp.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include <linux/vfio.h>

#include "../../../iommu/vfio-device.h"
#include "mock_fixture.h"

#define NOBODY		65534
#define LISTING		"/sys/kernel/debug/iommufd/fds"
#define TRACING		"/sys/kernel/debug/tracing/"
#define MANY_AREAS	2000
#define BUSY_SECONDS	2

#define EXPECT_BYTES(_mapped, _pinned)                                     \
	do {                                                               \
		EXPECT_EQ(_mapped, fdinfo_value(self->fd, "mapped-bytes"));      \
		EXPECT_EQ(_pinned, fdinfo_value(self->fd, "pinned-bytes"));      \
	} while (0)

TEST_F(mock, fdinfo_gives_every_fd_a_number_of_its_own)
{
	int other = iommu_open();
	long long number = fdinfo_value(other, "fd");

	EXPECT_LT(0, fdinfo_value(self->fd, "fd"));
	EXPECT_LT(fdinfo_value(self->fd, "fd"), number);
	close(other);
	other = iommu_open();
	EXPECT_LT(number, fdinfo_value(other, "fd"));
	close(other);
}

TEST_F(mock, fdinfo_counts_objects_by_kind)
{
	struct mock_device dev;
	__u32 ioas, hwpt;

	EXPECT_EQ(1, fdinfo_value(self->fd, "ioas"));
	EXPECT_EQ(0, fdinfo_value(self->fd, "hwpt"));
	EXPECT_EQ(0, fdinfo_value(self->fd, "device"));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, ioas, 0, &hwpt));
	EXPECT_EQ(2, fdinfo_value(self->fd, "ioas"));
	EXPECT_EQ(2, fdinfo_value(self->fd, "hwpt"));
	EXPECT_EQ(1, fdinfo_value(self->fd, "device"));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(2, fdinfo_value(self->fd, "ioas"));
	EXPECT_EQ(1, fdinfo_value(self->fd, "hwpt"));
	EXPECT_EQ(0, fdinfo_value(self->fd, "device"));
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt));
	ASSERT_EQ(0, iommu_destroy(self->fd, ioas));
	EXPECT_EQ(1, fdinfo_value(self->fd, "ioas"));
	EXPECT_EQ(0, fdinfo_value(self->fd, "hwpt"));
}

TEST_F(mock, fdinfo_has_what_is_mapped_and_what_is_pinned)
{
	struct mock_device dev;

	EXPECT_BYTES(0, 0);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	EXPECT_BYTES(4 * page_size, 0);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_BYTES(4 * page_size, 4 * page_size);
	/* parts of two pages */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas,
				    self->memory + 5 * page_size - MOCK_IO_PAGE_SIZE,
				    2 * MOCK_IO_PAGE_SIZE,
				    IOVA + 8 * page_size));
	EXPECT_BYTES(4 * page_size + 2 * MOCK_IO_PAGE_SIZE, 6 * page_size);
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, 4 * page_size));
	EXPECT_BYTES(2 * MOCK_IO_PAGE_SIZE, 2 * page_size);
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_BYTES(2 * MOCK_IO_PAGE_SIZE, 0);
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_BYTES(0, 0);
}

TEST_F(mock, fdinfo_has_copies_as_mapped_twice_and_pinned_once)
{
	struct mock_device dev, other;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &other));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas, 4 * page_size,
				     IOVA, IOVA));
	EXPECT_BYTES(8 * page_size, 4 * page_size);
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_BYTES(4 * page_size, 4 * page_size);
}

TEST_F(mock, fdinfo_has_nothing_of_a_map_that_failed)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, munmap(self->memory + 2 * page_size, page_size));
	ASSERT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  4 * page_size, IOVA));
	EXPECT_BYTES(0, 0);
}

TEST_F(mock, fdinfo_has_what_the_kernel_pins_by_iova)
{
	int access;

	EXPECT_EQ(0, fdinfo_value(self->fd, "access"));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    4 * page_size, IOVA));
	access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	EXPECT_EQ(1, fdinfo_value(self->fd, "access"));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA + page_size,
				     2 * page_size, NULL, 0, NULL));
	EXPECT_BYTES(4 * page_size, 2 * page_size);
	close(access);
	EXPECT_EQ(0, fdinfo_value(self->fd, "access"));
	EXPECT_BYTES(4 * page_size, 0);
}

TEST_F(mock, fdinfo_has_the_memory_of_files)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	struct mock_device dev;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * page_size));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, 0, 3 * page_size,
				   IOVA));
	EXPECT_BYTES(3 * page_size, 3 * page_size);
	close(file);
}

TEST_F(mock, fdinfo_has_the_memory_of_all_processes)
{
	struct mock_device dev;
	int status;
	pid_t pid;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	pid = fork();
	if (!pid)
		_exit(!!ioas_map_fixed(self->fd, self->ioas, self->memory,
				       2 * page_size, IOVA + page_size));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_BYTES(3 * page_size, 3 * page_size);
}

/*
 * The listing
 */

/* The lines of one IOMMU fd in the listing, its own first, to be freed */
static char *listing_of(long long number)
{
	char *line = NULL, *text = NULL;
	size_t line_size = 0, size = 0;
	FILE *in = fopen(LISTING, "r");
	FILE *out = open_memstream(&text, &size);
	bool found = false;

	while (in && getline(&line, &line_size, in) > 0) {
		long long n;

		if (sscanf(line, "fd %lld", &n) == 1)
			found = n == number;
		if (found)
			fputs(line, out);
	}
	if (in)
		fclose(in);
	fclose(out);
	free(line);
	return text;
}

TEST_F(mock, listing_has_objects_areas_and_devices)
{
	char expected[1024], name[64];
	long long number = fdinfo_value(self->fd, "fd");
	__u64 iova = IOVA + 4 * page_size;
	struct mock_device dev;
	__u32 id, hwpt;
	char *text, *at;
	int found;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    2 * page_size, &iova,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
				    IOMMU_IOAS_MAP_READABLE));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	text = listing_of(number);
	snprintf(expected, sizeof(expected),
		 "fd %lld\n"
		 "  ioas %u mapped %lu alignment %d\n"
		 "    %#llx-%#llx rw va %#lx\n"
		 "    %#llx-%#llx r- va %#lx\n",
		 number, self->ioas, 3 * page_size, MOCK_IO_PAGE_SIZE,
		 IOVA, IOVA + page_size - 1, (long)self->memory,
		 iova, iova + 2 * page_size - 1, (long)self->memory);
	EXPECT_EQ(0, strncmp(expected, text, strlen(expected))) {
		TH_LOG("%s", text);
	}

	snprintf(expected, sizeof(expected), "\n  hwpt %u ioas %u automatic\n",
		 dev.hwpt, self->ioas);
	EXPECT_NE(NULL, strstr(text, expected));
	snprintf(expected, sizeof(expected), "\n  device %u ", dev.idev);
	at = strstr(text, expected);
	ASSERT_NE(NULL, at);
	found = sscanf(at, " device %u %63s hwpt %u", &id, name, &hwpt);
	ASSERT_EQ(3, found);
	EXPECT_EQ(dev.hwpt, hwpt);
	free(text);
}

TEST_F(mock, listing_has_files_and_accesses)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	char expected[1024];
	struct stat stat;
	int access;
	char *text;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * page_size));
	ASSERT_EQ(0, fstat(file, &stat));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, page_size,
				   page_size, IOVA));
	access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA, page_size, NULL, 0,
				     NULL));
	text = listing_of(fdinfo_value(self->fd, "fd"));
	snprintf(expected, sizeof(expected),
		 "    %#llx-%#llx rw inode %lu offset %#lx\n"
		 "  access %u ioas %u pinned %lu\n",
		 IOVA, IOVA + page_size - 1, stat.st_ino, page_size,
		 self->ioas + 1, self->ioas, page_size);
	EXPECT_NE(NULL, strstr(text, expected)) {
		TH_LOG("%s", text);
	}
	free(text);
	ASSERT_EQ(0, mock_access_replace(self->fd, access, 0));
	text = listing_of(fdinfo_value(self->fd, "fd"));
	snprintf(expected, sizeof(expected), "  access %u pinned 0\n",
		 self->ioas + 1);
	EXPECT_NE(NULL, strstr(text, expected)) {
		TH_LOG("%s", text);
	}
	free(text);
	close(access);
	close(file);
}

TEST_F(mock, listing_is_empty_without_the_fd)
{
	long long number = fdinfo_value(self->fd, "fd");
	char *text;

	close(self->fd);
	text = listing_of(number);
	EXPECT_EQ(0, strlen(text));
	free(text);
	self->fd = iommu_open();
}

TEST_F(mock, listing_is_for_root_only)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		_exit(open(LISTING, O_RDONLY) >= 0 || errno != EACCES);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Each read gives a part: the place must be found again for the next one */
TEST_F(mock, listing_of_many_areas_is_complete)
{
	unsigned long iova, last, expected = IOVA;
	char *text, *line;
	int found = 0;

	for (int i = 0; i < MANY_AREAS; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, IOVA + i * page_size));
	text = listing_of(fdinfo_value(self->fd, "fd"));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "    %lx-%lx", &iova, &last) != 2)
			continue;
		ASSERT_EQ(expected, iova);
		ASSERT_EQ(expected + page_size - 1, last);
		expected += page_size;
		found++;
	}
	EXPECT_EQ(MANY_AREAS, found);
	free(text);
}

TEST_F(mock, listing_goes_on_when_what_it_shows_is_gone)
{
	int fd = open(LISTING, O_RDONLY);
	char buffer[512];
	ssize_t n;

	ASSERT_LE(0, fd);
	for (int i = 0; i < MANY_AREAS; i++)
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
					    page_size, IOVA + i * page_size));
	ASSERT_LT(0, read(fd, buffer, sizeof(buffer)));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->ioas));
	EXPECT_LE(0, read(fd, buffer, sizeof(buffer)));
	close(self->fd);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	EXPECT_EQ(0, n);
	close(fd);
	self->fd = iommu_open();
}

struct busy {
	void *memory;
	time_t end;
	unsigned long rounds;
	int failure;
};

/* Make and end an IOMMU fd with everything in it, over and over */
static void *be_busy(void *arg)
{
	struct busy *busy = arg;

	while (time(NULL) < busy->end && !busy->failure) {
		struct mock_device dev;
		int fd = iommu_open();
		int access = -1;
		__u32 ioas;

		busy->failure = fd < 0 || ioas_alloc(fd, &ioas) ||
				ioas_map_fixed(fd, ioas, busy->memory,
					       page_size, IOVA) ||
				mock_device(fd, ioas, &dev) ||
				(access = mock_access(fd, ioas,
						      MOCK_ACCESS_PINS)) < 0 ||
				mock_access_pin(fd, access, IOVA, page_size,
						NULL, 0, NULL) ||
				ioas_map_fixed(fd, ioas, busy->memory,
					       page_size, IOVA + page_size) ||
				ioas_unmap_all(fd, ioas, NULL) ||
				(busy->rounds % 2 &&
				 iommu_destroy(fd, dev.stdev));
		close(access);
		close(fd);
		busy->rounds++;
	}
	return NULL;
}

TEST_F(mock, everything_can_be_read_while_others_work)
{
	struct busy busy[2] = {};
	unsigned long reads = 0;
	pthread_t thread[2];

	for (int i = 0; i < 2; i++) {
		busy[i].memory = self->memory;
		busy[i].end = time(NULL) + BUSY_SECONDS;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, be_busy, &busy[i]));
	}
	while (time(NULL) < busy[0].end) {
		for (int fd = self->fd; fd < self->fd + 4; fd++)
			fdinfo_value(fd, "fd");
		free(listing_of(fdinfo_value(self->fd, "fd")));
		reads++;
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, busy[i].failure);
		EXPECT_LT(0, busy[i].rounds);
	}
	EXPECT_LT(0, reads);
}

/*
 * Trace events
 */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Is there a line of the trace with @event of this IOMMU fd and @rest? */
static bool traced(const char *event, long long number, const char *rest)
{
	char *line = NULL, expected[512];
	size_t size = 0;
	bool found = false;
	FILE *f = fopen(TRACING "trace", "r");

	snprintf(expected, sizeof(expected), " iommufd_%s: fd=%lld %s\n", event,
		 number, rest);
	while (f && !found && getline(&line, &size, f) > 0)
		found = strstr(line, expected);
	if (f)
		fclose(f);
	free(line);
	return found;
}

static bool traced_format(const char *event, long long number,
			  const char *format, ...)
{
	char rest[256];
	va_list args;

	va_start(args, format);
	vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);
	return traced(event, number, rest);
}

FIXTURE(trace)
{
	int fd;
	__u32 ioas;
	__u8 *memory;
	long long number;
};

FIXTURE_SETUP(trace)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	self->number = fdinfo_value(self->fd, "fd");
	ASSERT_EQ(0, write_file(TRACING "trace", ""));
	ASSERT_EQ(0, write_file(TRACING "events/iommufd/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, write_file(TRACING "events/iommufd/enable", "0"));
	EXPECT_EQ(0, write_file(TRACING "trace", ""));
	close(self->fd);
}

TEST_F(trace, map_copy_and_unmap_are_traced)
{
	__u64 copy = IOVA + 8 * page_size;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    2 * page_size, IOVA));
	EXPECT_TRUE(traced_format("map", self->number,
				  "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=rw",
				  self->ioas, IOVA, IOVA + 2 * page_size - 1,
				  (long)self->memory));
	ASSERT_EQ(0, ioas_copy_flags(self->fd, self->ioas, self->ioas, page_size,
				     &copy, IOVA + page_size,
				     IOMMU_IOAS_MAP_READABLE |
				     IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_TRUE(traced_format("map", self->number,
				  "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=r-",
				  self->ioas, copy, copy + page_size - 1,
				  (long)self->memory + page_size));
	EXPECT_FALSE(traced_format("unmap", self->number,
				   "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=r-",
				   self->ioas, copy, copy + page_size - 1,
				   (long)self->memory + page_size));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, copy, page_size));
	EXPECT_TRUE(traced_format("unmap", self->number,
				  "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=r-",
				  self->ioas, copy, copy + page_size - 1,
				  (long)self->memory + page_size));
}

TEST_F(trace, map_that_failed_is_not_traced)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, munmap(self->memory, page_size));
	ASSERT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size, IOVA));
	EXPECT_FALSE(traced_format("map", self->number,
				   "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=rw",
				   self->ioas, IOVA, IOVA + page_size - 1,
				   (long)self->memory));
}

TEST_F(trace, pins_are_traced)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* Several pages may take several pins */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_TRUE(traced_format("pin", self->number,
				  "tgid=%d ino=0 pos=%#lx wanted=1 pinned=1 write",
				  getpid(), (long)self->memory));
}

TEST_F(trace, memory_of_a_file_is_traced_by_its_inode)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	struct mock_device dev;
	struct stat stat;

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 4 * page_size));
	ASSERT_EQ(0, fstat(file, &stat));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, file, page_size,
				   2 * page_size, IOVA));
	EXPECT_TRUE(traced_format("pin", self->number,
				  "tgid=0 ino=%lu pos=%#lx wanted=2 pinned=2 write",
				  stat.st_ino, page_size));
	EXPECT_TRUE(traced_format("map", self->number,
				  "ioas=%u iova=%#llx-%#llx ino=%lu pos=%#lx prot=rw",
				  self->ioas, IOVA, IOVA + 2 * page_size - 1,
				  stat.st_ino, page_size));
	close(file);
}

TEST_F(trace, memory_of_a_device_is_traced_as_such)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = MOCK_OP_DMABUF_GET,
		.dmabuf_get = { .length = 4 * page_size, .open_flags = O_RDWR },
	};
	char expected[128];
	int dmabuf;
	char *text;

	dmabuf = ioctl(self->fd, IOMMU_TEST_CMD, &cmd);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, dmabuf, page_size,
				   2 * page_size, IOVA));
	EXPECT_TRUE(traced_format("map", self->number,
				  "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=rw device",
				  self->ioas, IOVA, IOVA + 2 * page_size - 1,
				  page_size));
	text = listing_of(self->number);
	snprintf(expected, sizeof(expected),
		 "    %#llx-%#llx rw device-memory offset %#lx\n", IOVA,
		 IOVA + 2 * page_size - 1, page_size);
	EXPECT_NE(NULL, strstr(text, expected)) {
		TH_LOG("%s", text);
	}
	free(text);
	close(dmabuf);
}

TEST_F(trace, nothing_is_traced_while_events_are_off)
{
	ASSERT_EQ(0, write_file(TRACING "events/iommufd/enable", "0"));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_FALSE(traced_format("map", self->number,
				   "ioas=%u iova=%#llx-%#llx ino=0 pos=%#lx prot=rw",
				   self->ioas, IOVA, IOVA + page_size - 1,
				   (long)self->memory));
}

TEST_F(trace, attach_fault_and_detach_are_traced)
{
	char name[64], line[256] = "";
	struct mock_device dev;
	int found;
	FILE *f;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	/* the name of the mock device is the kernel's choice */
	f = fopen(TRACING "trace", "r");
	ASSERT_NE(NULL, f);
	while (!strstr(line, " iommufd_attach: ") && fgets(line, sizeof(line), f))
		;
	fclose(f);
	ASSERT_NE(NULL, strstr(line, " name="));
	found = sscanf(strstr(line, " name="), " name=%63s", name);
	ASSERT_EQ(1, found);
	EXPECT_TRUE(traced_format("attach", self->number,
				  "device=%u name=%s cookie=0x0 ioas=%u hwpt=%u",
				  dev.idev, name, self->ioas, dev.hwpt));
	/* nobody has asked for the fault, but it is seen here */
	EXPECT_EQ(-ENODEV, mock_report_fault(self->fd, dev.idev, true, 6));
	EXPECT_TRUE(traced_format("fault", self->number,
				  "device=%u name=%s cookie=0x0 unrecoverable addr=0x1234000 pasid=0 perm=0x1 reason=6 error=-19",
				  dev.idev, name));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_TRUE(traced_format("detach", self->number,
				  "device=%u name=%s cookie=0x0 ioas=%u hwpt=%u",
				  dev.idev, name, self->ioas, dev.hwpt));
}

TEST_F(trace, users_inside_the_kernel_are_traced)
{
	__u32 other, id = 0;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	access = mock_access(self->fd, self->ioas, 0);
	ASSERT_LE(0, access);
	/* the ID of the access is the kernel's choice */
	while (++id < 10 &&
	       !traced_format("access_attach", self->number,
			      "access=%u cookie=0x0 ioas=%u", id, self->ioas))
		;
	ASSERT_GT(10, id);
	ASSERT_EQ(0, mock_access_replace(self->fd, access, other));
	EXPECT_TRUE(traced_format("access_detach", self->number,
				  "access=%u cookie=0x0 ioas=%u", id, self->ioas));
	EXPECT_TRUE(traced_format("access_attach", self->number,
				  "access=%u cookie=0x0 ioas=%u", id, other));
	EXPECT_FALSE(traced_format("access_detach", self->number,
				   "access=%u cookie=0x0 ioas=%u", id, other));
	close(access);
	EXPECT_TRUE(traced_format("access_detach", self->number,
				  "access=%u cookie=0x0 ioas=%u", id, other));
}

/* EDU0 names a device that is alone in its group, bound to vfio-pci */
TEST_F(trace, groups_of_containers_are_traced)
{
	const char *device = getenv("EDU0");
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_VFIO_IOAS_GET,
	};
	int group, number;
	__u32 hwpt = 0;

	ASSERT_NE(NULL, device);
	number = vfio_group_number(device);
	group = vfio_open_group(device);
	ASSERT_LE(0, group);
	ASSERT_EQ(0, iommu_ioctl(group, VFIO_GROUP_SET_CONTAINER, &self->fd));
	ASSERT_EQ(0, ioctl(self->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &cmd));
	/* the ID of the table is the kernel's choice */
	while (++hwpt < 10 &&
	       !traced_format("group_attach", self->number,
			      "group=%d ioas=%u hwpt=%u", number, cmd.ioas_id,
			      hwpt))
		;
	ASSERT_GT(10, hwpt);
	EXPECT_FALSE(traced_format("group_detach", self->number,
				   "group=%d ioas=%u hwpt=%u", number,
				   cmd.ioas_id, hwpt));
	close(group);
	EXPECT_TRUE(traced_format("group_detach", self->number,
				  "group=%d ioas=%u hwpt=%u", number,
				  cmd.ioas_id, hwpt));
}

TEST_HARNESS_MAIN
