/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of /dev/iommu know of each other.
 *
 * main.c	the device node, the table of ioctls, lifetime of the descriptor
 * object.c	IDs, reference counts and destruction of every kind of object
 * ioas.c	ioctls on address spaces: the IOVA -> memory map
 * iova.c	which IOVAs an address space may use
 * area.c	areas, and the tree that has those of an address space
 * hwpt.c	hardware page tables: making, filling and ending them
 * device.c	bound devices, their groups, attach
 * device_info.c	what user space can ask of a bound device
 * pages.c	memory of an area into and out of the hardware tables
 * table.c	runs of contiguous memory in and out of a hardware table
 * pin.c	whose memory it is: pinning and accounting
 *
 * Data flows down this list, with one exception: ioas.c and hwpt.c use each
 * other, as tables follow an address space and the address space follows the
 * limits of its tables.
 *
 * Locks, outer before inner:
 *
 *  ictx->groups_lock		list of groups and devices; bind and unbind
 *  igroup->lock		what the group is attached to
 *  ioas->attach_lock		choice and making of automatic tables
 *  ioas->tables_lock		rwsem. The set of tables. Everybody who looks into
 *				or changes a table, or the memory behind an area,
 *				holds it; a change of the set holds it for writing
 *  ioas->iova_lock		areas, reserved and allowed IOVAs. Held briefly:
 *				never while memory is pinned or mapped
 *  share->lock			memory that several areas share: who holds it
 *  mmap_lock			(of the mm)
 *  ictx->objects.xa_lock	(spinlock)
 *
 * Two address spaces are never locked at once, but for iova_lock of the IOAS
 * that a group leaves while attach_lock of the one that it goes to is held.
 */
#ifndef __IOMMUFD_PRIVATE_H
#define __IOMMUFD_PRIVATE_H

#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

struct iommufd_area;
struct iommufd_hwpt;
struct iommufd_ioas;
struct mm_struct;
struct task_struct;
struct user_struct;

/*
 * The descriptor
 */

/**
 * struct iommufd_ctx - an open /dev/iommu
 * @file: the open file; its reference count is that of the context
 * @objects: all objects, by ID
 * @object_gone: woken when a temporary reference to an object is dropped
 * @groups_lock: protects @groups and @devices
 * @groups: struct iommufd_group of which devices are bound here
 * @devices: struct iommufd_device bound here
 * @payers_lock: protects @payers
 * @payers: struct iommufd_payer with mappings in this context
 * @rlimit_mode: IOMMU_OPTION_RLIMIT_MODE
 */
struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
	wait_queue_head_t object_gone;
	struct mutex groups_lock;
	struct list_head groups;
	struct list_head devices;
	spinlock_t payers_lock;
	struct list_head payers;
	u8 rlimit_mode;
};

/**
 * struct iommufd_call - one ioctl being served
 * @ictx: on this descriptor
 * @ubuffer: where the struct of the caller is
 * @user_size: its size
 * @cmd: a copy of it, zero extended to the size that the kernel knows
 */
struct iommufd_call {
	struct iommufd_ctx *ictx;
	void __user *ubuffer;
	u32 user_size;
	void *cmd;
};

/* Give the caller its struct back, as far as it knows the struct */
static inline int iommufd_respond(struct iommufd_call *call, size_t cmd_len)
{
	if (copy_to_user(call->ubuffer, call->cmd,
			 min_t(size_t, call->user_size, cmd_len)))
		return -EFAULT;
	return 0;
}

/*
 * Objects
 */
enum iommufd_object_type {
	IOMMUFD_OBJ_ANY,
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_HWPT,
	IOMMUFD_OBJ_IOAS,
#ifdef CONFIG_IOMMUFD_TEST
	IOMMUFD_OBJ_SELFTEST,
#endif
	IOMMUFD_OBJ_MAX,
};

/**
 * struct iommufd_object - first member of everything that has an ID
 * @refs: one for the ID, one for each ioctl that works with the object now.
 *        Destruction waits for the latter
 * @users: things that need the object to exist for longer: destruction is
 *         refused. Protected by the xa_lock of the context's objects
 * @dying: destruction has begun, no new users. Same lock
 * @type: kind
 * @id: ID in the context
 */
struct iommufd_object {
	refcount_t refs;
	unsigned int users;
	bool dying;
	u8 type;
	u32 id;
};

/**
 * struct iommufd_object_ops - one kind of object
 * @destroy: let go of all that the object holds; cannot fail. The memory of
 *           the object is freed by the caller
 * @kernel_owned: user space cannot destroy it
 */
struct iommufd_object_ops {
	void (*destroy)(struct iommufd_ctx *ictx, struct iommufd_object *obj);
	bool kernel_owned;
};

extern const struct iommufd_object_ops iommufd_object_ops[IOMMUFD_OBJ_MAX];

void *__iommufd_object_alloc(struct iommufd_ctx *ictx, size_t size,
			     enum iommufd_object_type type);
void iommufd_object_publish(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ictx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ictx, u32 id,
					  enum iommufd_object_type type);
void iommufd_object_put(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_object_use(struct iommufd_ctx *ictx, struct iommufd_object *obj);
void iommufd_object_unuse(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_object_destroy(struct iommufd_ctx *ictx,
			   struct iommufd_object *obj);
void iommufd_object_destroy_all(struct iommufd_ctx *ictx);
int iommufd_destroy(struct iommufd_call *call);

#define iommufd_object_alloc(ictx, ptr, type)                                  \
	((typeof(ptr))__iommufd_object_alloc(                                  \
		ictx,                                                          \
		sizeof(*(ptr)) + BUILD_BUG_ON_ZERO(                            \
					 offsetof(typeof(*(ptr)), obj) != 0),  \
		type))

/*
 * Memory: whose it is, and areas of it
 */

/**
 * struct iommufd_payer - a process whose memory is mapped, and who pays for it
 * @entry: in the payers of @ictx
 * @ictx: context
 * @refs: one for each area
 * @mode: what is charged for a pinned page
 * @mm: the memory; the struct is held, the address space is not
 * @task: whose RLIMIT_MEMLOCK counts
 * @user: who is charged with IOMMUFD_PAY_USER
 */
struct iommufd_payer {
	struct list_head entry;
	struct iommufd_ctx *ictx;
	refcount_t refs;
	enum iommufd_pay_mode {
		IOMMUFD_PAY_NONE,
		IOMMUFD_PAY_USER,
		IOMMUFD_PAY_MM,
	} mode;
	struct mm_struct *mm;
	struct task_struct *task;
	struct user_struct *user;
};

struct iommufd_payer *iommufd_payer_get(struct iommufd_ctx *ictx);
struct iommufd_payer *iommufd_payer_ref(struct iommufd_payer *payer);
void iommufd_payer_put(struct iommufd_payer *payer);
long iommufd_pin(struct iommufd_payer *payer, unsigned long va,
		 unsigned long npages, bool writeable, struct page **pages);
void iommufd_unpin(unsigned long pfn, unsigned long npages, bool writeable);
void iommufd_uncharge(struct iommufd_payer *payer, unsigned long npages);

/**
 * struct iommufd_share - pinned memory that several areas have in common
 * @refs: one for each area
 * @writeable: the area that began the share is. All others have the same or
 *             less. Pages are pinned for that, whoever pins them, as others
 *             take them over from him
 * @lock: held while an area pins or unpins memory of the share
 * @holders: struct iommufd_holder by page number of the user address:
 *           the areas that have their pages pinned and in a hardware table
 */
struct iommufd_share {
	refcount_t refs;
	bool writeable;
	struct mutex lock;
	struct rb_root_cached holders;
};

/**
 * struct iommufd_holder - an area's place in a share
 * @pages: page numbers of the user address that the area covers
 * @share: shared with
 * @area: the area
 */
struct iommufd_holder {
	struct interval_tree_node pages;
	struct iommufd_share *share;
	struct iommufd_area *area;
};

enum iommufd_area_state {
	/* In the tree to keep its IOVAs; memory not mapped yet */
	IOMMUFD_AREA_MAPPING,
	IOMMUFD_AREA_MAPPED,
	/* Being unmapped; wait for it on ioas->area_gone */
	IOMMUFD_AREA_UNMAPPING,
};

/**
 * struct iommufd_area - a range of IOVAs mapped to a range of user memory
 * @node: in the areas of the IOAS, which do not overlap
 * @iova: first IOVA
 * @last: last IOVA, inclusive
 * @va: user address of @iova
 * @payer: whose memory
 * @ioas: where
 * @holder: set once the memory is shared with another area
 * @prot: IOMMU_READ, IOMMU_WRITE and so on
 * @state: of enum iommufd_area_state; protected by ioas->iova_lock
 *
 * An area in an IOAS with tables has its pages pinned, and mapped in every
 * table. The page numbers are kept in the tables only. An area in an IOAS
 * without tables pins nothing.
 */
struct iommufd_area {
	struct rb_node node;
	unsigned long iova;
	unsigned long last;
	unsigned long va;
	struct iommufd_payer *payer;
	struct iommufd_ioas *ioas;
	struct iommufd_holder *holder;
	u16 prot;
	u8 state;
};

static inline unsigned long iommufd_area_length(struct iommufd_area *area)
{
	return area->last - area->iova + 1;
}

int iommufd_area_share(struct iommufd_area *area, struct iommufd_area *copy);
void iommufd_area_unshare(struct iommufd_area *area);
int iommufd_area_fill(struct iommufd_area *area);
int iommufd_area_fill_table(struct iommufd_area *area,
			    struct iommufd_hwpt *hwpt);
void iommufd_area_unfill(struct iommufd_area *area);
void iommufd_area_sync_holder(struct iommufd_area *area);

/*
 * Address spaces
 */

/**
 * struct iommufd_ioas - an I/O address space
 * @obj: object
 * @ictx: context
 * @attach_lock: held to choose or make the table of a device
 * @tables_lock: protects @tables and @storage
 * @tables: struct iommufd_hwpt that follow this IOAS
 * @storage: one of @tables, or NULL: page numbers are read from here. Areas of
 *           other IOASes that share memory read it under share->lock
 * @iova_lock: protects what follows
 * @areas: struct iommufd_area by IOVA
 * @area_gone: woken when an area ends IOMMUFD_AREA_UNMAPPING
 * @reserved: struct iommufd_iova_node: IOVAs that cannot be used
 * @allowed: struct iommufd_iova_node: IOVAs that must not become reserved
 * @alignment: of IOVA, length and user address of every area
 * @first_free: where automatic allocation begins to look, for small and for
 *              large mappings; never 0
 * @huge_pages: IOMMU_OPTION_HUGE_PAGES
 */
struct iommufd_ioas {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct mutex attach_lock;
	struct rw_semaphore tables_lock;
	struct list_head tables;
	struct iommufd_hwpt *storage;
	struct mutex iova_lock;
	struct rb_root areas;
	wait_queue_head_t area_gone;
	struct rb_root_cached reserved;
	struct rb_root_cached allowed;
	unsigned long alignment;
	unsigned long first_free[2];
	bool huge_pages;
};

static inline struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ictx,
						    u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_ioas, obj);
}

int iommufd_ioas_alloc_ioctl(struct iommufd_call *call);
int iommufd_ioas_map(struct iommufd_call *call);
int iommufd_ioas_copy(struct iommufd_call *call);
int iommufd_ioas_unmap(struct iommufd_call *call);
int iommufd_ioas_iova_ranges(struct iommufd_call *call);
int iommufd_ioas_allow_iovas(struct iommufd_call *call);
int iommufd_option(struct iommufd_call *call);
void iommufd_ioas_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
void iommufd_ioas_init(struct iommufd_ioas *ioas, struct iommufd_ctx *ictx);

int iommufd_area_cache_init(void);
void iommufd_area_cache_exit(void);
struct iommufd_area *iommufd_area_alloc(struct iommufd_payer *payer,
					unsigned long va, unsigned long length,
					u16 prot);
void iommufd_area_free(struct iommufd_area *area);
void iommufd_area_insert(struct iommufd_area *area, struct iommufd_ioas *ioas,
			 unsigned long iova);
void iommufd_area_erase(struct iommufd_area *area);
struct iommufd_area *iommufd_area_first(struct iommufd_ioas *ioas,
					unsigned long iova, unsigned long last);
struct iommufd_area *iommufd_area_next(struct iommufd_area *area,
				       unsigned long iova, unsigned long last);

#define iommufd_for_each_area(area, ioas, iova, last)                \
	for (area = iommufd_area_first(ioas, iova, last); area;      \
	     area = iommufd_area_next(area, iova, last))

/**
 * struct iommufd_iova_node - a range of reserved or allowed IOVAs
 * @node: in the interval tree
 * @owner: who reserved it
 */
struct iommufd_iova_node {
	struct interval_tree_node node;
	const void *owner;
};

int iommufd_iova_add(struct rb_root_cached *root, unsigned long start,
		     unsigned long last, const void *owner);
void iommufd_iova_remove(struct rb_root_cached *root, const void *owner);
int iommufd_iova_add_aperture(struct rb_root_cached *root,
			      struct iommu_domain *domain, const void *owner);
int iommufd_iova_add_resv(struct rb_root_cached *root,
			  struct iommu_group *group, const void *owner,
			  phys_addr_t *sw_msi_start);
int iommufd_iova_emit_free(struct rb_root_cached *reserved, u64 uptr,
			   u32 *num_ranges, unsigned long *max_iova);
int iommufd_ioas_alloc_iova(struct iommufd_ioas *ioas, unsigned long *iova,
			    unsigned long va, unsigned long length);
int iommufd_ioas_check_iova(struct iommufd_ioas *ioas, unsigned long iova,
			    unsigned long length);
int iommufd_ioas_adopt_reserved(struct iommufd_ioas *ioas,
				struct rb_root_cached *from);
int iommufd_ioas_set_alignment(struct iommufd_ioas *ioas,
			       unsigned long alignment);
bool iommufd_ioas_all_free(struct iommufd_ioas *ioas);
void iommufd_ioas_note_free(struct iommufd_ioas *ioas, unsigned long iova);
void iommufd_ioas_release_reserved(struct iommufd_ioas *ioas,
				   const void *owner);

/*
 * Hardware page tables
 */

/**
 * struct iommufd_hwpt - a hardware page table that follows an IOAS
 * @obj: object
 * @ioas: the IOAS
 * @domain: the table
 * @entry: in ioas->tables
 * @automatic: made for a device attached to the IOAS; goes with the last one
 * @enforce_snoop: DMA through it is coherent whatever the device asks for
 * @msi_cookie: the domain has its window for MSIs. Protected by
 *              ioas->attach_lock
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ioas *ioas;
	struct iommu_domain *domain;
	struct list_head entry;
	bool automatic;
	bool enforce_snoop;
	bool msi_cookie;
};

int iommufd_ioas_set_huge_pages(struct iommufd_ioas *ioas, bool huge_pages);
struct iommu_domain *iommufd_domain_alloc(struct device *dev, bool *snoop);
struct iommufd_hwpt *iommufd_hwpt_alloc(struct iommufd_ioas *ioas,
					struct device *dev, bool automatic);
void iommufd_hwpt_abort(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_hwpt_alloc_ioctl(struct iommufd_call *call);

/*
 * Runs of contiguous memory in hardware tables
 */

/* Room for page pointers or runs that needs no allocation */
#define IOMMUFD_STACK_BATCH 16

int iommufd_table_map(struct iommu_domain *domain, unsigned long iova,
		      phys_addr_t phys, unsigned long length, int prot,
		      bool huge_pages);
bool iommufd_table_unmap(struct iommu_domain *domain, unsigned long iova,
			 unsigned long length);
unsigned long iommufd_table_read(struct iommu_domain *domain,
				 unsigned long iova, unsigned long length,
				 phys_addr_t *phys);

/*
 * Devices
 */

/**
 * struct iommufd_group - devices that an IOMMU cannot tell apart
 * @entry: in ictx->groups
 * @group: the group of the IOMMU layer, with DMA ownership taken
 * @bound: number of devices that are bound. Protected by ictx->groups_lock
 * @lock: protects the rest, and what the group's domain is
 * @attached: number of devices that are attached
 * @hwpt: to this table, or NULL
 * @sw_msi_start: IOVA of the window for MSIs that must be mapped, or
 *                PHYS_ADDR_MAX
 */
struct iommufd_group {
	struct list_head entry;
	struct iommu_group *group;
	unsigned int bound;
	struct mutex lock;
	unsigned int attached;
	struct iommufd_hwpt *hwpt;
	phys_addr_t sw_msi_start;
};

/**
 * struct iommufd_device - a bound device
 * @obj: object
 * @ictx: context
 * @entry: in ictx->devices
 * @dev: the device
 * @igroup: its group
 * @cookie: label that user space chose at bind
 * @has_cookie: @cookie is valid
 * @holds_ctx: the binding keeps the context alive
 * @attached: under igroup->lock
 * @isolated_msi: the device can raise only interrupts that are its own
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct list_head entry;
	struct device *dev;
	struct iommufd_group *igroup;
	u64 cookie;
	bool has_cookie;
	bool holds_ctx;
	bool attached;
	bool isolated_msi;
};

#define IOMMUFD_BIND_OWNED_BY_CTX BIT(0)
#define IOMMUFD_BIND_ANY_MSI BIT(1)

struct iommufd_device *__iommufd_device_bind(struct iommufd_ctx *ictx,
					     struct device *dev,
					     const u64 *cookie, u32 *dev_id,
					     unsigned int flags);
void iommufd_device_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
int iommufd_get_hw_info(struct iommufd_call *call);
int iommufd_device_get_info(struct iommufd_call *call);

static inline struct iommufd_device *iommufd_get_device(struct iommufd_ctx *ictx,
							u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_DEVICE);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_device, obj);
}

/*
 * The mock IOMMU driver
 */
#ifdef CONFIG_IOMMUFD_TEST
extern size_t iommufd_test_memory_limit;
int iommufd_test(struct iommufd_call *call);
void iommufd_test_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_test_init(void);
void iommufd_test_exit(void);
#else
static inline int iommufd_test_init(void)
{
	return 0;
}

static inline void iommufd_test_exit(void)
{
}
#endif

#endif
