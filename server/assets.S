/* Files that the program carries: read where the build runs, in the tree's root. */
        .section .rodata
        .global asset_openapi
        .global asset_openapi_size_bytes
asset_openapi:
        .incbin "openapi.yaml"
asset_openapi_end:
        .balign 8
asset_openapi_size_bytes:
        .quad asset_openapi_end - asset_openapi
        .global asset_report_css
        .global asset_report_css_size_bytes
asset_report_css:
        .incbin "server/report/report.css"
asset_report_css_end:
        .balign 8
asset_report_css_size_bytes:
        .quad asset_report_css_end - asset_report_css
        .section .note.GNU-stack,"",@progbits
