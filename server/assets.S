/* Files that the program carries: read where the build runs, in the tree's root. */
        .section .rodata
        .global asset_openapi
        .global asset_openapi_end
asset_openapi:
        .incbin "openapi.yaml"
asset_openapi_end:
        .byte 0
        .section .note.GNU-stack,"",@progbits
