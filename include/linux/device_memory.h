/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a device that others may map for DMA, as long as it answers.
 */
#ifndef _LINUX_DEVICE_MEMORY_H
#define _LINUX_DEVICE_MEMORY_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device_memory_user;
struct dma_buf;

/**
 * struct device_memory - contiguous memory of a device, such as a BAR
 * @phys: physical address
 * @length: bytes; both are multiples of the page size
 * @refs: references
 * @release: frees the struct after the last reference is gone; NULL for kfree()
 * @change_lock: held while all users are told of a change
 * @lock: protects @available. A user holds it while he maps the memory: so
 *        nobody maps it once it is not available any more
 * @available: the memory can be mapped
 * @state_lock: protects what follows
 * @enabled: the device answers
 * @blocked: number of those who want nobody to map the memory
 * @users: struct device_memory_user
 * @generation: counts the changes of @available
 */
struct device_memory {
	phys_addr_t phys;
	size_t length;
	refcount_t refs;
	void (*release)(struct device_memory *memory);
	struct mutex change_lock;
	struct mutex lock;
	bool available;
	spinlock_t state_lock;
	bool enabled;
	unsigned int blocked;
	struct list_head users;
	u64 generation;
};

/**
 * struct device_memory_listener - who is told of changes, for any number of users
 * @changed: bring all mappings in line with memory->available before this
 *           returns. Users may be removed meanwhile
 * @refs: one until device_memory_end_listener(), and one for each call of @changed
 * @gone: the last of them is
 */
struct device_memory_listener {
	void (*changed)(struct device_memory *memory,
			struct device_memory_listener *listener);
	refcount_t refs;
	struct completion gone;
};

/**
 * struct device_memory_user - who may have mapped device memory
 * @entry: in the users of @memory
 * @memory: the memory, which the user has a reference to
 * @listener: is told of changes
 * @generation: of the last change that @listener was told of
 */
struct device_memory_user {
	struct list_head entry;
	struct device_memory *memory;
	struct device_memory_listener *listener;
	u64 generation;
};

/**
 * struct device_memory_finder - tells what device memory user space has mapped
 * @entry: private
 * @vm_ops: of the mappings that @find knows
 * @find: the memory at a user address: a new reference to it, and the offset in
 *        it; NULL if it cannot be used. Called with the mmap_lock held, must
 *        not sleep
 */
struct device_memory_finder {
	struct list_head entry;
	const struct vm_operations_struct *vm_ops;
	struct device_memory *(*find)(struct vm_area_struct *vma,
				      unsigned long va, size_t *offset);
};

#ifdef CONFIG_DEVICE_MEMORY
struct device_memory *device_memory_alloc(phys_addr_t phys, size_t length,
					  bool enabled);
void device_memory_get(struct device_memory *memory);
void device_memory_put(struct device_memory *memory);

void device_memory_set_enabled(struct device_memory *memory, bool enabled);
void device_memory_sync(struct device_memory *memory);
void device_memory_block(struct device_memory *memory);
void device_memory_unblock(struct device_memory *memory);

void device_memory_init_listener(struct device_memory_listener *listener,
				 void (*changed)(struct device_memory *memory,
						 struct device_memory_listener *listener));
void device_memory_end_listener(struct device_memory_listener *listener);
void device_memory_add_user(struct device_memory_user *user,
			    struct device_memory *memory,
			    struct device_memory_listener *listener);
void device_memory_remove_user(struct device_memory_user *user);

void device_memory_add_finder(struct device_memory_finder *finder);
void device_memory_remove_finder(struct device_memory_finder *finder);
struct device_memory *device_memory_find(unsigned long va, size_t length,
					 bool write, size_t *offset);

struct dma_buf *device_memory_export(struct device_memory *memory,
				     size_t offset, size_t length, int flags);
struct device_memory *device_memory_of_dma_buf(struct dma_buf *dmabuf,
					       size_t *offset);
#endif

#endif
