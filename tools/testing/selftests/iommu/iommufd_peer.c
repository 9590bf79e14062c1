// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peer to peer: a device does DMA to a BAR of another one.
 *
 * EDU0 names an edu device that does the DMA, PEER one whose BAR 2 is memory
 * (QEMU's ivshmem-plain), HOTRESET one that can be reset and sleep, each alone
 * in its group and bound to vfio-pci.
 */
#include <pthread.h>
#include <stdio.h>
#include <linux/pci_regs.h>

#include "edu_device.h"
#include "mock.h"
#include "vfio_ioctl.h"
#include "../../../iommu/kernel-log.h"
#include "../../../iommu/vfio-device.h"
#include "harness.h"

#define IOVA		0x100000ULL
#define MEMORY_IOVA	0x6000000ULL
#define BAR		VFIO_PCI_BAR2_REGION_INDEX
#define PAGES		4
#define TRACING		"/sys/kernel/debug/tracing/"
/* The kernel logs no more than some faults in five seconds */
#define FAULT_TRIES	5

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

static void fill(void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		((__u32 *)p)[i] = seed * 2654435761u + i;
}

static bool is_filled(const void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		if (((const __u32 *)p)[i] != seed * 2654435761u + i)
			return false;
	return true;
}

/* A register in the configuration space; returns a negative errno or it */
static int config_read(int device, unsigned int reg)
{
	__u64 offset = 0;
	__u16 value;
	int rc;

	rc = vfio_region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX, &offset);
	if (rc)
		return rc;
	return pread(device, &value, 2, offset + reg) == 2 ? value : -EIO;
}

/* Returns a negative errno or 0 */
static int config_change(int device, unsigned int reg, __u16 set, __u16 clear)
{
	__u64 offset = 0;
	__u16 value;
	int rc;

	rc = vfio_region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX, &offset);
	if (rc)
		return rc;
	rc = config_read(device, reg);
	if (rc < 0)
		return rc;
	value = (rc | set) & ~clear;
	return pwrite(device, &value, 2, offset + reg) == 2 ? 0 : -EIO;
}

static int set_command(int device, __u16 set, __u16 clear)
{
	return config_change(device, PCI_COMMAND, set, clear);
}

static int set_decoding(int device, bool on)
{
	return on ? set_command(device, PCI_COMMAND_MEMORY, 0) :
		    set_command(device, 0, PCI_COMMAND_MEMORY);
}

/* PCI_D0 ... PCI_D3hot */
static int set_power_state(int device, __u16 state)
{
	int pos = config_read(device, PCI_CAPABILITY_LIST) & 0xff;

	while (pos > 0) {
		int cap = config_read(device, pos);

		if (cap < 0)
			return cap;
		if ((cap & 0xff) == PCI_CAP_ID_PM)
			return config_change(device, pos + PCI_PM_CTRL, state,
					     ~state & PCI_PM_CTRL_STATE_MASK);
		pos = cap >> 8;
	}
	return -ENODEV;
}

static void *map_bar(int device, __u32 bar, __u64 length)
{
	__u64 offset = 0;

	if (vfio_region_offset(device, bar, &offset))
		return MAP_FAILED;
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, device,
		    offset);
}

static int map_file(int fd, __u32 ioas, int file, __u64 start, __u64 length,
		    __u64 iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = MAP_FIXED_RW,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return iommu_ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

/*
 * Both devices are bound to @fd; edu is attached to @ioas, where @memory is
 * mapped at MEMORY_IOVA. @bar is the mapping of the peer's BAR.
 */
FIXTURE(peer)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u32 hwpt;
	int device;
	__u8 *bar;
	__u8 *memory;
	__u64 length;
};

FIXTURE_SETUP(peer)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_NE(NULL, getenv("PEER"));
	self->length = PAGES * page_size;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, 1));
	self->device = vfio_open_cdev(getenv("PEER"));
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	ASSERT_EQ(0, set_decoding(self->device, true));
	self->bar = map_bar(self->device, BAR, self->length);
	ASSERT_NE(MAP_FAILED, self->bar);
	self->memory = memory_map(page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, MEMORY_IOVA));
	self->hwpt = self->ioas;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &self->hwpt));
}

FIXTURE_TEARDOWN(peer)
{
	munmap(self->bar, self->length);
	if (self->device >= 0)
		close(self->device);
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

/* From memory by way of edu to @iova. A DMA that is stopped gives no error */
static int send(struct edu_device *edu, void *memory, __u32 seed, __u64 iova)
{
	fill(memory, seed);
	return edu_dma(&edu->engine, EDU_FROM_MEMORY, MEMORY_IOVA,
		       EDU_MEMORY_SIZE) ?:
	       edu_dma(&edu->engine, EDU_TO_MEMORY, iova, EDU_MEMORY_SIZE);
}

#define SEND(self, seed, iova) \
	send(&(self)->edu, (self)->memory, seed, iova)

/* Whether a DMA to @iova makes the IOMMU's driver log a fault there */
static bool send_faults(struct edu_device *edu, void *memory, __u32 seed,
			__u64 iova)
{
	char message[1024], address[32];
	int log = kernel_log_open();
	bool found = false;

	snprintf(address, sizeof(address), "0x%llx", iova);
	for (int i = 0; i < FAULT_TRIES && !found; i++)
		found = log >= 0 && !send(edu, memory, seed, iova) &&
			!kernel_log_fault(log, message, sizeof(message)) &&
			strstr(message, address);
	close(log);
	return found;
}

#define SEND_FAULTS(self, seed, iova) \
	send_faults(&(self)->edu, (self)->memory, seed, iova)

/* Bytes that the hardware's table has at IOVA */
#define MAPPED(self) \
	mock_count_mapped((self)->fd, (self)->hwpt, IOVA, (self)->length)

TEST_F(peer, device_writes_and_reads_a_bar_of_another_one)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	ASSERT_EQ(0, SEND(self, 1, IOVA + page_size));
	EXPECT_TRUE(is_filled(self->bar + page_size, 1));
	fill(self->bar, 2);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, MEMORY_IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, 2));
}

TEST_F(peer, bar_is_mapped_before_a_device_is_attached)
{
	__u32 ioas, pt;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->bar, self->length,
				    IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    MEMORY_IOVA));
	pt = ioas;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &pt));
	ASSERT_EQ(0, SEND(self, 3, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 3));
}

TEST_F(peer, nothing_reaches_a_bar_after_unmap)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	fill(self->bar, 4);
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	ASSERT_EQ(0, SEND(self, 5, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 4));
}

TEST_F(peer, mapping_goes_and_comes_with_memory_decoding)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	fill(self->bar, 6);
	ASSERT_EQ(0, set_decoding(self->device, false));
	ASSERT_EQ(0, SEND(self, 7, IOVA));
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_TRUE(is_filled(self->bar, 6));
	ASSERT_EQ(0, SEND(self, 8, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 8));
}

TEST_F(peer, other_bits_of_the_command_register_leave_the_mapping)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	ASSERT_EQ(0, set_command(self->device, PCI_COMMAND_MASTER, 0));
	ASSERT_EQ(0, set_command(self->device, 0, PCI_COMMAND_MASTER));
	ASSERT_EQ(0, SEND(self, 9, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 9));
}

TEST_F(peer, area_is_unmapped_while_the_bar_is_gone)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	fill(self->bar, 10);
	ASSERT_EQ(0, set_decoding(self->device, false));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	ASSERT_EQ(0, set_decoding(self->device, true));
	ASSERT_EQ(0, SEND(self, 11, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 10));
}

TEST_F(peer, bar_that_does_not_answer_is_not_mapped)
{
	ASSERT_EQ(0, set_decoding(self->device, false));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->bar,
					  self->length, IOVA));
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
}

TEST_F(peer, range_must_be_in_one_mapping_that_allows_it)
{
	__u64 offset = 0, iova = IOVA;
	void *bar;

	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, self->bar,
					  self->length + page_size, IOVA));
	ASSERT_EQ(0, vfio_region_offset(self->device, BAR, &offset));
	bar = mmap(NULL, page_size, PROT_READ, MAP_SHARED, self->device, offset);
	ASSERT_NE(MAP_FAILED, bar);
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, bar, page_size,
					  IOVA));
	EXPECT_EQ(0, ioas_map_flags(self->fd, self->ioas, bar, page_size, &iova,
				    IOMMU_IOAS_MAP_READABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	munmap(bar, page_size);
}

/* The same BAR, but not of a device that this process has open */
TEST_F(peer, other_mappings_without_pages_are_refused)
{
	char path[128];
	int file;
	void *p;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2",
		 getenv("PEER"));
	file = open(path, O_RDWR);
	ASSERT_LE(0, file);
	p = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, p);
	close(file);
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, p, page_size,
					  IOVA));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(-EFAULT, ioas_map_fixed(self->fd, self->ioas, p, page_size,
					  IOVA));
	munmap(p, page_size);
}

/* In a new open device nothing of the old mapping is left */
TEST_F(peer, mapping_goes_when_the_device_is_closed)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	ASSERT_EQ(self->length, MAPPED(self));
	ASSERT_EQ(0, munmap(self->bar, self->length));
	ASSERT_EQ(0, close(self->device));
	EXPECT_EQ(0, MAPPED(self));
	EXPECT_TRUE(SEND_FAULTS(self, 12, IOVA));

	self->device = vfio_open_cdev(getenv("PEER"));
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	ASSERT_EQ(0, set_decoding(self->device, true));
	self->bar = map_bar(self->device, BAR, self->length);
	ASSERT_NE(MAP_FAILED, self->bar);
	fill(self->bar, 12);
	ASSERT_EQ(0, SEND(self, 13, IOVA));
	EXPECT_TRUE(is_filled(self->bar, 12));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
}

TEST_F(peer, dma_buf_is_a_target_of_dma)
{
	int file = export(self->device, BAR, page_size, 2 * page_size, 1, 0);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, map_file(self->fd, self->ioas, file, page_size, page_size,
			      IOVA));
	ASSERT_EQ(0, SEND(self, 14, IOVA));
	EXPECT_TRUE(is_filled(self->bar + 2 * page_size, 14));

	ASSERT_EQ(0, set_decoding(self->device, false));
	EXPECT_EQ(-ENODEV, map_file(self->fd, self->ioas, file, 0, page_size,
				    IOVA + page_size));
	ASSERT_EQ(0, SEND(self, 15, IOVA));
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_TRUE(is_filled(self->bar + 2 * page_size, 14));
	close(file);
	ASSERT_EQ(0, SEND(self, 16, IOVA));
	EXPECT_TRUE(is_filled(self->bar + 2 * page_size, 16));
}

/* The mock revokes its own DMA-BUFs only, and looks into its own tables */
TEST_F(peer, what_is_not_the_mocks)
{
	int file = export(self->device, BAR, 0, page_size, 1, 0);

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(-EINVAL, mock_check_map(self->fd, self->hwpt, IOVA,
					  self->memory, page_size));
	ASSERT_LE(0, file);
	EXPECT_EQ(-EOPNOTSUPP, mock_dmabuf_set_revoked(self->fd, file, true));
	EXPECT_EQ(-EINVAL, mock_dmabuf_set_revoked(self->fd, self->fd, true));
	EXPECT_EQ(-EBADF, mock_dmabuf_set_revoked(self->fd, -1, true));
	close(file);
}

TEST_F(peer, dma_buf_is_dead_when_the_device_is_closed)
{
	int file = export(self->device, BAR, 0, self->length, 1, 0);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, map_file(self->fd, self->ioas, file, 0, self->length,
			      IOVA));
	ASSERT_EQ(self->length, MAPPED(self));
	ASSERT_EQ(0, munmap(self->bar, self->length));
	ASSERT_EQ(0, close(self->device));
	self->device = -1;
	EXPECT_EQ(0, MAPPED(self));
	EXPECT_TRUE(SEND_FAULTS(self, 17, IOVA));
	EXPECT_EQ(-ENODEV, map_file(self->fd, self->ioas, file, 0, page_size,
				    IOVA + self->length));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	close(file);
}

TEST_F(peer, dma_buf_is_made_of_whole_pages_of_a_bar)
{
	int device = self->device;

	EXPECT_EQ(-EINVAL, export(device, BAR, 0, 0, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, 1, page_size, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, 0, page_size - 1, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, 0, 1ULL << 40, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, -page_size, page_size, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, 0, page_size, 0, 0));
	EXPECT_EQ(-EINVAL, export(device, BAR, 0, page_size, 1, 1));
	EXPECT_EQ(-EINVAL, export(device, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				  page_size, 1, 0));
	EXPECT_EQ(-EINVAL, export(device, VFIO_PCI_BAR5_REGION_INDEX, 0,
				  page_size, 1, 0));
	EXPECT_EQ(-EOPNOTSUPP, export(device, BAR, 0, page_size, 2, 0));
}

/* A device that can be reset, and sleep: its BAR 0 is mapped for edu */
FIXTURE(nic)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u32 hwpt;
	int device;
	void *bar;
	__u64 length;
};

FIXTURE_SETUP(nic)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_NE(NULL, getenv("HOTRESET"));
	self->length = PAGES * page_size;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, 1));
	self->hwpt = self->ioas;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &self->hwpt));
	self->device = vfio_open_cdev(getenv("HOTRESET"));
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	ASSERT_EQ(0, set_decoding(self->device, true));
	self->bar = map_bar(self->device, VFIO_PCI_BAR0_REGION_INDEX,
			    self->length);
	ASSERT_NE(MAP_FAILED, self->bar);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->bar,
				    self->length, IOVA));
	ASSERT_EQ(self->length, MAPPED(self));
}

FIXTURE_TEARDOWN(nic)
{
	munmap(self->bar, self->length);
	if (self->device >= 0)
		close(self->device);
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(nic, mapping_is_there_after_a_reset)
{
	ASSERT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(self->length, MAPPED(self));
	ASSERT_EQ(0, set_decoding(self->device, false));
	EXPECT_EQ(0, MAPPED(self));
	ASSERT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(0, MAPPED(self));
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_EQ(self->length, MAPPED(self));
}

static int hot_reset(int device)
{
	struct vfio_pci_hot_reset cmd = { .argsz = sizeof(cmd) };

	return iommu_ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &cmd);
}

/* Begin to trace what is unmapped in any table */
static int trace_unmaps(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC);

	if (fd < 0)
		return -errno;
	close(fd);
	return write_file(TRACING "events/iommu/unmap/enable", "1");
}

/* How often was [iova, iova + length) unmapped since? */
static int traced_unmaps(__u64 iova, __u64 length)
{
	char line[512], expected[128];
	FILE *f = fopen(TRACING "trace", "r");
	int n = 0;

	snprintf(expected, sizeof(expected),
		 " unmap: IOMMU: iova=0x%016llx - 0x%016llx ", iova,
		 iova + length);
	while (f && fgets(line, sizeof(line), f))
		n += !!strstr(line, expected);
	if (f)
		fclose(f);
	write_file(TRACING "events/iommu/unmap/enable", "0");
	return f ? n : -1;
}

TEST_F(nic, mapping_is_taken_out_for_a_reset)
{
	ASSERT_EQ(0, trace_unmaps());
	EXPECT_EQ(0, traced_unmaps(IOVA, self->length));
	ASSERT_EQ(0, trace_unmaps());
	ASSERT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(1, traced_unmaps(IOVA, self->length));
	EXPECT_EQ(self->length, MAPPED(self));
}

TEST_F(nic, mapping_is_taken_out_for_a_hot_reset)
{
	int rc;

	ASSERT_EQ(0, trace_unmaps());
	rc = hot_reset(self->device);
	if (rc == -ENODEV || rc == -ENOTTY)
		SKIP(return, "no hot reset on this machine");
	ASSERT_EQ(0, rc);
	EXPECT_EQ(1, traced_unmaps(IOVA, self->length));
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_EQ(self->length, MAPPED(self));
}

TEST_F(nic, mapping_is_gone_while_the_device_sleeps)
{
	ASSERT_EQ(0, set_power_state(self->device, 3));
	EXPECT_EQ(0, MAPPED(self));
	ASSERT_EQ(0, set_power_state(self->device, 0));
	/* It wakes up as after a reset */
	ASSERT_EQ(0, set_decoding(self->device, true));
	EXPECT_EQ(self->length, MAPPED(self));
}

static void *unbind_driver(void *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
		 (char *)bdf);
	return (void *)(intptr_t)write_file(path, bdf);
}

/* The driver waits until user space lets go of the device */
TEST_F(nic, mapping_goes_when_the_driver_is_unbound)
{
	char *bdf = getenv("HOTRESET");
	pthread_t thread;
	void *rc;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unbind_driver,
				    bdf));
	usleep(100000);
	EXPECT_EQ(self->length, MAPPED(self));
	EXPECT_EQ(EBUSY, pthread_tryjoin_np(thread, &rc));
	munmap(self->bar, self->length);
	close(self->device);
	self->device = -1;
	ASSERT_EQ(0, pthread_join(thread, &rc));
	EXPECT_EQ(NULL, rc);
	EXPECT_EQ(0, MAPPED(self));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, write_file("/sys/bus/pci/drivers_probe", bdf));
}

TEST_HARNESS_MAIN
