import { HeatmapChart, SankeyChart } from "echarts/charts";
import { VisualMapComponent } from "echarts/components";
import { use as register } from "echarts/core";

// what only few charts are made of: a home's page does not fetch it
register([HeatmapChart, SankeyChart, VisualMapComponent]);
