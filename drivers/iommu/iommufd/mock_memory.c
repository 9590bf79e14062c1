// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory without a device: the operations MOCK_OP_DMABUF_*.
 *
 * It is memory of the kernel, zeroed and contiguous, and user space decides
 * when it is available. The DMA-BUF has the only reference of this driver, so
 * the memory goes with the last user of the one or the other.
 */
#include <linux/device_memory.h>
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "iommufd_private.h"
#include "iommufd_test.h"
#include "mock.h"

#define MOCK_MEMORY_MAX_PAGES 512

static void release_memory(struct device_memory *memory)
{
	free_pages_exact(phys_to_virt(memory->phys), memory->length);
	kfree(memory);
	module_put(THIS_MODULE);
}

static struct device_memory *alloc_memory(size_t length)
{
	struct device_memory *memory;
	void *pages;

	pages = alloc_pages_exact(length, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!pages)
		return NULL;
	memory = device_memory_alloc(virt_to_phys(pages), length, true);
	if (!memory) {
		free_pages_exact(pages, length);
		return NULL;
	}
	memory->release = release_memory;
	__module_get(THIS_MODULE);
	return memory;
}

int mock_op_dmabuf_get(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	size_t length = PAGE_ALIGN((u64)cmd->dmabuf_get.length);
	struct device_memory *memory;
	struct dma_buf *dmabuf;
	int fd;

	if (!length || length > MOCK_MEMORY_MAX_PAGES * PAGE_SIZE)
		return -EINVAL;
	memory = alloc_memory(length);
	if (!memory)
		return -ENOMEM;
	dmabuf = device_memory_export(memory, 0, length,
				      cmd->dmabuf_get.open_flags & O_ACCMODE);
	device_memory_put(memory);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, cmd->dmabuf_get.open_flags & O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

int mock_op_dmabuf_revoke(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct device_memory *memory;
	struct dma_buf *dmabuf;
	size_t offset;
	int rc = 0;

	dmabuf = dma_buf_get(cmd->dmabuf_revoke.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	memory = device_memory_of_dma_buf(dmabuf, &offset);
	if (memory && memory->release == release_memory) {
		device_memory_set_enabled(memory, !cmd->dmabuf_revoke.revoked);
		device_memory_sync(memory);
	} else {
		rc = -EOPNOTSUPP;
	}
	dma_buf_put(dmabuf);
	return rc;
}
