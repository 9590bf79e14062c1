// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory in I/O address spaces: what a DMA-BUF gives, and what happens
 * to areas while their memory comes and goes. The memory is that of the mock
 * (CONFIG_IOMMUFD_TEST); that devices reach it, and do not reach it, is shown by
 * iommufd_peer with real DMA.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <linux/userfaultfd.h>

#include "mock_fixture.h"

#define DMABUF_PAGES	8

static int dmabuf(int fd, __u32 length)
{
	return mock_dmabuf(fd, length, O_RDWR | O_CLOEXEC);
}

static int map_file(int fd, __u32 ioas, int file, __u64 start, __u64 length,
		    __u64 iova, __u32 flags)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return iommu_ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

FIXTURE(mmio)
{
	int fd;
	__u32 ioas;
	int dmabuf;
	__u64 length;
};

FIXTURE_SETUP(mmio)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->length = DMABUF_PAGES * page_size;
	self->dmabuf = dmabuf(self->fd, self->length);
	ASSERT_LE(0, self->dmabuf);
}

FIXTURE_TEARDOWN(mmio)
{
	close(self->dmabuf);
	EXPECT_EQ(0, close(self->fd));
}

#define MAP(self, start, length, iova)					\
	map_file((self)->fd, (self)->ioas, (self)->dmabuf, start, length, \
		 iova, MAP_FIXED_RW)

TEST_F(mmio, size_of_the_mock_memory_is_limited)
{
	int fd;

	EXPECT_EQ(-EINVAL, dmabuf(self->fd, 0));
	EXPECT_EQ(-EINVAL, dmabuf(self->fd, 512 * page_size + 1));
	fd = dmabuf(self->fd, 512 * page_size);
	ASSERT_LE(0, fd);
	close(fd);
}

/* Its length is rounded up, and no page follows */
TEST_F(mmio, mock_memory_is_whole_pages)
{
	for (__u32 pages = 1; pages <= 3; pages++) {
		__u64 iova = IOVA + 16 * pages * page_size;
		int fd = dmabuf(self->fd, (pages - 1) * page_size + 1);

		ASSERT_LE(0, fd);
#define MAP_PART(_start, _length) \
		map_file(self->fd, self->ioas, fd, _start, _length, iova, \
			 MAP_FIXED_RW)
		EXPECT_EQ(-EINVAL, MAP_PART(0, (pages + 1) * page_size));
		EXPECT_EQ(-EINVAL, MAP_PART(pages * page_size, page_size));
		EXPECT_EQ(0, MAP_PART(0, pages * page_size));
#undef MAP_PART
		close(fd);
	}
}

TEST_F(mmio, dma_buf_is_closed_on_exec_if_asked_for)
{
	int stays = mock_dmabuf(self->fd, page_size, O_RDWR);
	int goes = mock_dmabuf(self->fd, page_size, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, stays);
	ASSERT_LE(0, goes);
	EXPECT_EQ(0, fcntl(stays, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(goes, F_GETFD));
	close(stays);
	close(goes);
}

TEST_F(mmio, revoke_wants_a_dma_buf)
{
	EXPECT_EQ(-EBADF, mock_dmabuf_set_revoked(self->fd, -1, true));
	EXPECT_EQ(-EINVAL, mock_dmabuf_set_revoked(self->fd, self->fd, true));
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
}

TEST_F(mmio, range_must_be_inside_the_dma_buf)
{
	__u64 length = self->length;

	EXPECT_EQ(-EINVAL, MAP(self, 0, length + page_size, IOVA));
	EXPECT_EQ(-EINVAL, MAP(self, page_size, length, IOVA));
	EXPECT_EQ(-EINVAL, MAP(self, length, page_size, IOVA));
	EXPECT_EQ(-EOVERFLOW, MAP(self, UINT64_MAX - page_size + 1,
				  2 * page_size, IOVA));
	EXPECT_EQ(0, MAP(self, length - page_size, page_size, IOVA));
}

TEST_F(mmio, writeable_mapping_wants_a_writeable_dma_buf)
{
	int fd = mock_dmabuf(self->fd, page_size, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, map_file(self->fd, self->ioas, fd, 0, page_size,
				   IOVA, MAP_FIXED_RW));
	EXPECT_EQ(0, map_file(self->fd, self->ioas, fd, 0, page_size, IOVA,
			      IOMMU_IOAS_MAP_READABLE |
			      IOMMU_IOAS_MAP_FIXED_IOVA));
	close(fd);
}

TEST_F(mmio, revoked_memory_is_not_mapped)
{
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	EXPECT_EQ(-ENODEV, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(0, MAP(self, 0, self->length, IOVA));
}

TEST_F(mmio, nothing_is_pinned_or_charged)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

TEST_F(mmio, area_stays_while_its_memory_is_gone)
{
	__u64 length = self->length;
	void *memory = memory_map(page_size);
	struct mock_device dev;
	__u64 unmapped;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, MAP(self, 0, length, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	EXPECT_EQ(-EEXIST, ioas_map_fixed(self->fd, self->ioas, memory,
					  page_size, IOVA));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->ioas, IOVA, length,
				       &unmapped));
	EXPECT_EQ(length, unmapped);
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(0, MAP(self, 0, length, IOVA));
}

TEST_F(mmio, tables_come_and_go_while_memory_is_gone)
{
	struct mock_device dev[2];
	__u32 hwpt;

	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[0]));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev[0].idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	ASSERT_EQ(0, mock_device(self->fd, hwpt, &dev[1]));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev[0].stdev));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev[1].stdev));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	ASSERT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

/* What a table has from IOVA on, in pages */
static long long mapped_pages(int fd, __u32 hwpt)
{
	long long length = mock_count_mapped(fd, hwpt, IOVA, 256 * page_size);

	return length < 0 ? length : length / page_size;
}

/* Memory beside it, of another kind and of another DMA-BUF, is not touched */
TEST_F(mmio, table_has_no_entries_while_memory_is_gone)
{
	int other = dmabuf(self->fd, page_size);
	void *memory = memory_map(page_size);
	struct mock_device dev;

	ASSERT_LE(0, other);
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory, page_size,
				    IOVA + 16 * page_size));
	ASSERT_EQ(0, map_file(self->fd, self->ioas, other, 0, page_size,
			      IOVA + 32 * page_size, MAP_FIXED_RW));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(DMABUF_PAGES + 2, mapped_pages(self->fd, dev.hwpt));
		ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf,
						     true));
		EXPECT_EQ(2, mapped_pages(self->fd, dev.hwpt));
		EXPECT_EQ(0, mock_count_mapped(self->fd, dev.hwpt, IOVA,
					       self->length));
		EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt,
					    IOVA + 16 * page_size, memory,
					    page_size));
		ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf,
						     false));
	}
	EXPECT_EQ(DMABUF_PAGES + 2, mapped_pages(self->fd, dev.hwpt));
	EXPECT_EQ(self->length, mock_count_mapped(self->fd, dev.hwpt, IOVA,
						  self->length));
	close(other);
}

/* All tables, of the IOAS and of one with a copy, lose and get what they have of it */
TEST_F(mmio, all_tables_lose_and_get_their_entries)
{
	__u32 hwpt[4], other;
	struct mock_device dev[2];
	static const int pages[] = {
		DMABUF_PAGES, DMABUF_PAGES, DMABUF_PAGES + 3, DMABUF_PAGES + 3,
	};

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev[0]));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev[1]));
	hwpt[0] = dev[0].hwpt;
	hwpt[2] = dev[1].hwpt;
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev[0].idev, self->ioas, 0,
				&hwpt[1]));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, self->length,
				     IOVA + 16 * page_size, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, 3 * page_size,
				     IOVA + 64 * page_size,
				     IOVA + 2 * page_size));
	/* filled by what is there already */
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev[1].idev, other, 0, &hwpt[3]));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pages[i], mapped_pages(self->fd, hwpt[i]));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, mapped_pages(self->fd, hwpt[i]));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(pages[i], mapped_pages(self->fd, hwpt[i]));
	/* what was unmapped meanwhile does not come back, a copy does */
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i < 2 ? 0 : pages[i], mapped_pages(self->fd, hwpt[i]));
}

TEST_F(mmio, table_made_while_memory_is_gone_gets_it_back)
{
	struct mock_device dev;
	__u32 hwpt, other, copy;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, self->length,
				     IOVA, IOVA));
	copy = dev.hwpt;
	EXPECT_EQ(0, mapped_pages(self->fd, hwpt));
	EXPECT_EQ(0, mapped_pages(self->fd, copy));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(DMABUF_PAGES, mapped_pages(self->fd, hwpt));
	EXPECT_EQ(DMABUF_PAGES, mapped_pages(self->fd, copy));
}

TEST_F(mmio, second_table_of_an_address_space)
{
	struct mock_device dev;
	__u32 hwpt;

	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, hwpt_alloc(self->fd, dev.idev, self->ioas, 0, &hwpt));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
}

TEST_F(mmio, copies_of_a_part)
{
	__u64 part = 3 * page_size;
	struct mock_device dev;
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, part, IOVA,
				     IOVA + page_size));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(0, ioas_unmap(self->fd, other, IOVA, part));
}

TEST_F(mmio, copy_of_what_is_gone_comes_back_too)
{
	struct mock_device dev;
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, mock_device(self->fd, other, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, other, self->ioas, self->length,
				     IOVA, IOVA));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(0, ioas_unmap(self->fd, other, IOVA, self->length));
}

TEST_F(mmio, memory_outlives_the_descriptor_of_the_dma_buf)
{
	struct mock_device dev;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	ASSERT_EQ(0, close(self->dmabuf));
	self->dmabuf = -1;
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
}

TEST_F(mmio, dma_buf_outlives_the_iommu_fd)
{
	int fd = iommu_open();
	struct mock_device dev;
	__u32 ioas;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	ASSERT_EQ(0, mock_device(fd, ioas, &dev));
	ASSERT_EQ(0, map_file(fd, ioas, self->dmabuf, 0, self->length, IOVA,
			      MAP_FIXED_RW));
	ASSERT_EQ(0, close(fd));
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	EXPECT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
}

struct race {
	int fd;
	__u32 ioas;
	__u32 hwpt;		/* of a device that stays */
	int dmabuf;
	__u64 length;
	bool stop;
	int unexpected;
};

static void note(struct race *race, int rc)
{
	if (rc && rc != -ENODEV && rc != -ENOENT && rc != -EEXIST)
		race->unexpected = rc;
}

static void *race_revoke(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		note(race, mock_dmabuf_set_revoked(race->fd, race->dmabuf, true));
		/* whatever others do, it is in the table no more */
		if (mock_count_mapped(race->fd, race->hwpt, IOVA, race->length))
			race->unexpected = -EPROTO;
		note(race, mock_dmabuf_set_revoked(race->fd, race->dmabuf, false));
	}
	return NULL;
}

static void *race_map(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		note(race, map_file(race->fd, race->ioas, race->dmabuf, 0,
				    race->length, IOVA, MAP_FIXED_RW));
		note(race, ioas_unmap(race->fd, race->ioas, IOVA, race->length));
	}
	return NULL;
}

static void *race_attach(void *arg)
{
	struct race *race = arg;
	struct mock_device dev;
	int rc;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		rc = mock_device(race->fd, race->ioas, &dev);
		note(race, rc ?: iommu_destroy(race->fd, dev.stdev));
	}
	return NULL;
}

/* As on exit, the last close may come at any moment of a change */
static void *race_close(void *arg)
{
	struct race *race = arg;
	struct mock_device dev;
	__u32 ioas;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		int fd = iommu_open();

		note(race, ioas_alloc(fd, &ioas));
		note(race, mock_device(fd, ioas, &dev));
		note(race, map_file(fd, ioas, race->dmabuf, 0, race->length,
				    IOVA, MAP_FIXED_RW));
		close(fd);
	}
	return NULL;
}

TEST_F(mmio, memory_comes_and_goes_while_others_work)
{
	void *(*const role[])(void *arg) = {
		race_revoke, race_map, race_map, race_attach, race_close,
	};
	struct race race = {
		.fd = self->fd, .ioas = self->ioas, .dmabuf = self->dmabuf,
		.length = self->length,
	};
	pthread_t thread[ARRAY_SIZE(role)];
	struct mock_device dev;
	size_t i;

	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	race.hwpt = dev.hwpt;
	for (i = 0; i < ARRAY_SIZE(role); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, role[i], &race));
	sleep(3);
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(role); i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, race.unexpected);
	/* nor is it left out of the table in the end */
	ioas_unmap_all(self->fd, self->ioas, NULL);
	EXPECT_EQ(0, mock_count_mapped(self->fd, dev.hwpt, IOVA, self->length));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	EXPECT_EQ(self->length,
		  mock_count_mapped(self->fd, dev.hwpt, IOVA, self->length));
}

/* Who maps at @cmd, and is stopped where the answer is written */
struct stalled {
	int fd;
	struct iommu_ioas_map *cmd;
	int rc;
};

static void *map_stalled(void *arg)
{
	struct stalled *stalled = arg;

	stalled->rc = iommu_ioctl(stalled->fd, IOMMU_IOAS_MAP, stalled->cmd);
	return NULL;
}

/* Writes to @page wait until they are let go; -1 if the kernel cannot do that */
static int stall_writes(void *page)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = page_size },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = {
		.range = reg.range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
	    !ioctl(fd, UFFDIO_REGISTER, &reg) &&
	    !ioctl(fd, UFFDIO_WRITEPROTECT, &protect))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Nobody's memory is waited for, and least of all by who takes his BAR back */
TEST_F(mmio, revoke_does_not_wait_for_memory_of_who_has_it_mapped)
{
	void *memory = memory_map(page_size);
	struct stalled stalled = {
		.fd = self->fd,
		.cmd = memory_map(page_size),
		.rc = 1,
	};
	struct pollfd fault = { .events = POLLIN };
	struct mock_device dev;
	pthread_t thread;

	ASSERT_NE(NULL, memory);
	ASSERT_NE(NULL, stalled.cmd);
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	ASSERT_EQ(0, MAP(self, 0, self->length, IOVA));
	*stalled.cmd = (struct iommu_ioas_map){
		.size = sizeof(*stalled.cmd),
		.flags = MAP_FIXED_RW,
		.ioas_id = self->ioas,
		.user_va = (uintptr_t)memory,
		.length = page_size,
		.iova = 2 * IOVA,
	};
	fault.fd = stall_writes(stalled.cmd);
	if (fault.fd < 0)
		SKIP(return, "no userfaultfd for writes");
	ASSERT_EQ(0, pthread_create(&thread, NULL, map_stalled, &stalled));
	ASSERT_EQ(1, poll(&fault, 1, 10000));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, true));
	ASSERT_EQ(0, mock_dmabuf_set_revoked(self->fd, self->dmabuf, false));
	EXPECT_EQ(1, __atomic_load_n(&stalled.rc, __ATOMIC_RELAXED));
	/* lets it go on */
	close(fault.fd);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, stalled.rc);
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, 2 * IOVA, memory,
				    page_size));
	EXPECT_EQ(self->length,
		  mock_count_mapped(self->fd, dev.hwpt, IOVA, self->length));
}

TEST_HARNESS_MAIN
