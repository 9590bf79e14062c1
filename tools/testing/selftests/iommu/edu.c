// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include <linux/pci_regs.h>

#include "edu.h"

/* Registers in BAR 0, see docs/specs/edu.rst of QEMU */
#define EDU_ID			0x00
#define EDU_ID_MASK		0x0000ffff
#define EDU_ID_VALUE		0x000000ed
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		0x1
#define EDU_DMA_TO_MEMORY	0x2
#define EDU_BUFFER		0x40000

#define EDU_DMA_SECONDS_MAX	20

static __u32 edu_read32(struct edu *edu, unsigned int reg)
{
	return __atomic_load_n((__u32 *)(edu->bar + reg), __ATOMIC_SEQ_CST);
}

static void edu_write32(struct edu *edu, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(edu->bar + reg), value, __ATOMIC_RELEASE);
}

static void edu_write64(struct edu *edu, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(edu->bar + reg), value, __ATOMIC_RELEASE);
}

/* The character device is named in sysfs: …/vfio-dev/vfioN */
int edu_open(struct edu *edu, const char *bdf)
{
	struct dirent *entry;
	char path[512];
	DIR *dir;
	int rc = -ENOENT;

	memset(edu, 0, sizeof(*edu));
	edu->fd = -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", strlen("vfio")))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		edu->fd = open(path, O_RDWR | O_CLOEXEC);
		rc = edu->fd < 0 ? -errno : 0;
		break;
	}
	closedir(dir);
	return rc;
}

void edu_close(struct edu *edu)
{
	if (edu->bar)
		munmap(edu->bar, EDU_BUFFER + EDU_BUFFER_SIZE);
	edu->bar = NULL;
	if (edu->fd >= 0)
		close(edu->fd);
	edu->fd = -1;
}

static int edu_region(struct edu *edu, __u32 index,
		      struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return iommu_ioctl(edu->fd, VFIO_DEVICE_GET_REGION_INFO, info);
}

static int edu_enable(struct edu *edu)
{
	struct vfio_region_info info;
	__u16 command;
	void *bar;
	int rc;

	rc = edu_region(edu, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (rc)
		return rc;
	if (pread(edu->fd, &command, sizeof(command),
		  info.offset + PCI_COMMAND) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(edu->fd, &command, sizeof(command),
		   info.offset + PCI_COMMAND) != sizeof(command))
		return -EIO;

	rc = edu_region(edu, VFIO_PCI_BAR0_REGION_INDEX, &info);
	if (rc)
		return rc;
	bar = mmap(NULL, EDU_BUFFER + EDU_BUFFER_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED, edu->fd, info.offset);
	if (bar == MAP_FAILED)
		return -errno;
	edu->bar = bar;
	if ((edu_read32(edu, EDU_ID) & EDU_ID_MASK) != EDU_ID_VALUE)
		return -ENODEV;
	return 0;
}

int edu_bind_flags(struct edu *edu, int iommufd, __u32 flags, __u64 cookie)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iommufd = iommufd,
		.dev_cookie = cookie,
	};
	int rc = iommu_ioctl(edu->fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	if (rc)
		return rc;
	edu->dev_id = cmd.out_devid;
	return edu_enable(edu);
}

int edu_bind(struct edu *edu, int iommufd, __u64 cookie)
{
	return edu_bind_flags(edu, iommufd, VFIO_DEVICE_BIND_FLAG_COOKIE,
			      cookie);
}

int edu_attach(struct edu *edu, __u32 *pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = *pt_id,
	};
	int rc = iommu_ioctl(edu->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	if (!rc)
		*pt_id = cmd.pt_id;
	return rc;
}

int edu_detach(struct edu *edu)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	return iommu_ioctl(edu->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

void edu_dma_start(struct edu *edu, enum edu_direction direction, __u64 iova,
		   __u32 length)
{
	bool to_memory = direction == EDU_TO_MEMORY;

	edu_write64(edu, EDU_DMA_SOURCE, to_memory ? EDU_BUFFER : iova);
	edu_write64(edu, EDU_DMA_DESTINATION, to_memory ? iova : EDU_BUFFER);
	edu_write64(edu, EDU_DMA_COUNT, length);
	edu_write32(edu, EDU_DMA_COMMAND,
		    EDU_DMA_START | (to_memory ? EDU_DMA_TO_MEMORY : 0));
}

int edu_dma_wait(struct edu *edu)
{
	time_t start = time(NULL);

	while (edu_read32(edu, EDU_DMA_COMMAND) & EDU_DMA_START) {
		if (time(NULL) - start > EDU_DMA_SECONDS_MAX)
			return -ETIMEDOUT;
		usleep(2000);
	}
	return 0;
}

int edu_dma(struct edu *edu, enum edu_direction direction, __u64 iova,
	    __u32 length)
{
	edu_dma_start(edu, direction, iova, length);
	return edu_dma_wait(edu);
}
